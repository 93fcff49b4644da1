package scenario

import (
	"fmt"
	"time"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// Comparison are the scenarios that all clients do.
func Comparison() []*Scenario {
	return append(append(small(), connections()...), bulk()...)
}

func small() []*Scenario {
	return []*Scenario{
		{
			Name: "get_small_c1", Text: "small GET, 1 at a time",
			Concurrency: 1, Operations: 8_000, Target: 1.20, TargetAlloc: 3, Quick: true,
		}, {
			Name: "get_small_c16", Text: "small GET, 16 at a time",
			Concurrency: 16, Operations: 30_000, Target: 1.15, TargetAlloc: 3, Quick: true,
		}, {
			Name: "get_small_c256", Text: "small GET, 256 at a time",
			Concurrency: 256, Operations: 25_000, Target: 1.15, TargetAlloc: 3,
		}, {
			Name: "get_limit_c16", Text: "small GET, with a limit of 5 s to receive",
			Concurrency: 16, Operations: 30_000, Limit: 5 * time.Second, Target: 1.18, Quick: true,
		}, {
			Name: "get_context_c16", Text: "small GET, with a context that can be cancelled",
			Concurrency: 16, Operations: 30_000, Cancellable: true, Target: 1.30, TargetAlloc: 6, Quick: true,
		}, {
			Name: "get_30_fields_c16", Text: "small GET, 30 fields in the answer",
			Concurrency: 16, Operations: 25_000, Fields: 30, Target: 1.30, Quick: true,
		}, {
			Name: "post_1k_json_c16", Text: "POST of 1 KiB of JSON",
			Kind: Post, Concurrency: 16, Operations: 25_000, Upload: kib, Target: 1.20, Quick: true,
		},
	}
}

func connections() []*Scenario {
	return []*Scenario{
		{
			Name: "get_new_connection_c16", Text: "small GET, a new connection each",
			Concurrency: 16, Operations: 6_000, NewConnection: true, Target: 1.10, Quick: true,
		}, {
			Name: "tls_get_c16", Text: "small GET on a kept TLS connection",
			Concurrency: 16, Operations: 25_000, Security: TLS, Target: 1.15, TargetAlloc: 4, Quick: true,
		}, {
			Name: "tls_handshake_c4", Text: "small GET, a TLS handshake each",
			Concurrency: 4, Operations: 500, Security: TLSWithoutSessions, NewConnection: true, Target: 1.02, Quick: true,
		}, {
			Name: "tls_resumed_c4", Text: "small GET, a resumed TLS session each",
			Concurrency: 4, Operations: 500, Security: TLSWithSessions, NewConnection: true, Target: 1.02,
		}, {
			Name: "idle", Text: "2,000 connections, idle in the pool",
			Kind: Idle, Concurrency: 2_000, Operations: 2_000, TargetIdle: 1_400, Quick: true,
		},
	}
}

func bulk() []*Scenario {
	return []*Scenario{
		{
			Name: "download_1g", Text: "download of 1 GiB by its length",
			Kind: Download, Concurrency: 1, Operations: 1, Body: gib, Target: 1.02,
		}, {
			Name: "download_chunked_16k", Text: "download of 256 MiB in 16 KiB chunks",
			Kind: Download, Concurrency: 1, Operations: 4, Body: 256 * mib, Chunk: 16 * kib, Target: 1.20, Quick: true,
		}, {
			Name: "download_chunked_100", Text: "download of 64 MiB in 100-byte chunks",
			Kind: Download, Concurrency: 1, Operations: 6, Body: 64 * mib / 100 * 100, Chunk: 100, Target: 1.25, Quick: true,
		}, {
			Name: "upload_file_1g", Text: "upload of a file of 1 GiB",
			Kind: UploadFile, Concurrency: 1, Operations: 1, Upload: gib, Target: 1.05,
		}, {
			Name: "upload_chunked_256m", Text: "chunked upload of 256 MiB",
			Kind: UploadChunked, Concurrency: 1, Operations: 1, Upload: 256 * mib,
			Against: "raw1", Target: 1.15, Quick: true,
		}, {
			Name: "multipart_64m", Text: "multipart upload of a 64 MiB file",
			Kind: UploadForm, Concurrency: 1, Operations: 20, Upload: 64 * mib, Target: 1.10, Quick: true,
		}, {
			Name: "body_1m_c4", Text: "body of 1 MiB into memory",
			Concurrency: 4, Operations: 1_200, Body: mib, Target: 1.75, Quick: true,
		},
	}
}

// Growth are scenarios of hackney alone, beside the ceiling: the points of its curves.
func Growth() []*Scenario {
	return append(append(growingConnections(), growingFields()...), growingBodies()...)
}

func growingConnections() []*Scenario {
	point := func(c, operations int) *Scenario {
		return growth("connections", int64(c), &Scenario{
			Text:        fmt.Sprintf("a small GET, %d at a time", c),
			Concurrency: c, Operations: operations,
		})
	}
	return []*Scenario{point(1, 6_000), point(16, 20_000), point(256, 20_000), point(1024, 16_000)}
}

func growingFields() []*Scenario {
	point := func(n, operations int) *Scenario {
		return growth("fields", int64(n), &Scenario{
			Text:        fmt.Sprintf("a GET whose answer has %d fields", n),
			Concurrency: 1, Operations: operations, Fields: n,
		})
	}
	return []*Scenario{point(6, 6_000), point(30, 6_000), point(300, 5_000)}
}

func growingBodies() []*Scenario {
	point := func(n int64, operations int) *Scenario {
		return growth("bytes", n, &Scenario{
			Text: fmt.Sprintf("a download of %d bytes by its length", n),
			Kind: Download, Concurrency: 1, Operations: operations, Body: n,
		})
	}
	return []*Scenario{
		point(kib, 6_000), point(32*kib, 5_000), point(mib, 600), point(32*mib, 24), point(gib, 1),
	}
}

// growth makes a scenario a point of a curve.
func growth(series string, x int64, s *Scenario) *Scenario {
	s.Name = fmt.Sprintf("growth_%s_%d", series, x)
	s.Series, s.X = series, x
	s.Clients = []string{"raw", "hackney"}
	return s
}

// copyBody is the way that others are held against.
const copyBody = "chunks_copybody"

// Ways are scenarios of hackney alone, beside the ceiling: the same body, taken in several ways.
func Ways() []*Scenario {
	return []*Scenario{
		way(&Scenario{Name: copyBody, Text: "CopyBody into io.Discard", Kind: Copy}),
		way(&Scenario{Name: "chunks_events", Text: "Events, each read when it is asked for", Kind: Events, TargetRate: 0.9}),
		way(&Scenario{Name: "chunks_events_4", Text: "Events, 4 read ahead", Kind: Events, AsyncBuffer: 4}),
	}
}

// way makes a scenario a download of 1 GiB in 64 KiB chunks; as several bodies, of which a
// quick run takes one.
func way(s *Scenario) *Scenario {
	s.Concurrency, s.Operations, s.Body, s.Chunk = 1, 8, 128*mib, 64*kib
	s.Clients, s.Beside, s.Quick = []string{"raw", "hackney"}, copyBody, true
	return s
}
