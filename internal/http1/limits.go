package http1

// Limits bound what a peer may make us hold or count. All must be above zero.
type Limits struct {
	Head          int // bytes of all heads of an exchange, 1xx and trailers included
	Fields        int // field lines of all of them
	Interim       int // 1xx responses before the final one
	ChunkLine     int // bytes of one chunk-size line with its extensions
	ChunkOverhead int // framing bytes that chunks may cost beyond a fair share of their data
}

// DefaultLimits are used where the caller sets none.
var DefaultLimits = Limits{
	Head:          256 << 10,
	Fields:        1000,
	Interim:       32,
	ChunkLine:     8 << 10,
	ChunkOverhead: 16 << 10,
}
