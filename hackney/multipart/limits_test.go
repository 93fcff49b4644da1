package multipart

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

// partsOf is a form of n parts, with a head of 10 bytes ("X: 12345" and a line end) and
// as many of content each.
func partsOf(n, content int) string {
	part := "--B\r\nX: 12345\r\n\r\n" + strings.Repeat("c", content) + "\r\n"
	return strings.Repeat(part, n) + "--B--\r\n"
}

// wantLimit says whether err is a LimitError of that limit, or nil for "".
func wantLimit(t *testing.T, err error, limit string, most int64) {
	t.Helper()
	var e *LimitError
	switch {
	case limit == "" && err != nil:
		t.Errorf("%v, want none", err)
	case limit != "" && (!errors.As(err, &e) || e.Limit != limit || e.Max != most):
		t.Errorf("%v, want limit %s of %d", err, limit, most)
	}
}

// Each limit is tried with one less than the form takes, with just that, and with more.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		form   string
		limits Limits
		over   string
	}{
		{"parts, one less", partsOf(3, 1), Limits{Parts: 2}, "Parts"},
		{"parts", partsOf(3, 1), Limits{Parts: 3}, ""},
		{"parts, one more", partsOf(3, 1), Limits{Parts: 4}, ""},
		{"parts, by default one less", partsOf(1001, 1), Limits{}, "Parts"},
		{"parts, by default", partsOf(1000, 1), Limits{}, ""},
		{"parts, unlimited", partsOf(1001, 1), Limits{Parts: Unlimited}, ""},

		{"head, one less", partsOf(1, 1), Limits{Head: 9}, "Head"},
		{"head", partsOf(1, 1), Limits{Head: 10}, ""},
		{"head, one more", partsOf(1, 1), Limits{Head: 11}, ""},
		{"head of one of many", partsOf(200, 9), Limits{Head: 10}, ""},
		{"head, by default one less", crlf("--B", "X: "+strings.Repeat("x", 65532), "", "", "--B--", ""), Limits{}, "Head"},
		{"head, by default", crlf("--B", "X: "+strings.Repeat("x", 65531), "", "", "--B--", ""), Limits{}, ""},
		{"head, unlimited", crlf("--B", "X: "+strings.Repeat("x", 1<<20), "", "", "--B--", ""), Limits{Head: Unlimited}, ""},
		{"head, over any limit", crlf("--B", "X: "+strings.Repeat("x", 11<<20), "", "", "--B--", ""), Limits{Head: 12 << 20, Total: Unlimited}, "Head"},
		{"head of many fields, over any limit", crlf("--B", strings.Repeat("X: x\r\n", 10001), "", "--B--", ""), Limits{Head: Unlimited}, "Head"},
		{"head of many fields", crlf("--B", strings.Repeat("X: x\r\n", 10000), "", "--B--", ""), Limits{Head: 6 * 10000}, ""},

		{"part, one less", partsOf(3, 5000), Limits{Part: 4999}, "Part"},
		{"part", partsOf(3, 5000), Limits{Part: 5000}, ""},
		{"part, one more", partsOf(3, 5000), Limits{Part: 5001}, ""},
		{"part without content", partsOf(3, 0), Limits{Part: 1}, ""},
		{"part, unlimited", partsOf(3, 5000), Limits{Part: Unlimited}, ""},

		{"total, one less", partsOf(3, 5000), Limits{Total: 3*5010 - 1}, "Total"},
		{"total", partsOf(3, 5000), Limits{Total: 3 * 5010}, ""},
		{"total, one more", partsOf(3, 5000), Limits{Total: 3*5010 + 1}, ""},
		{"total, in a head", partsOf(3, 0), Limits{Total: 29}, "Total"},
		{"total, of heads", partsOf(3, 0), Limits{Total: 30}, ""},
		{"part before total", partsOf(1, 5000), Limits{Part: 4999, Total: 10 + 4999}, "Part"},
		{"total before part", partsOf(1, 5000), Limits{Part: 4999, Total: 10 + 4998}, "Total"},
	} {
		t.Run(c.name, func(t *testing.T) {
			most := map[string]int64{"Parts": int64(c.limits.effective().Parts), "Head": int64(c.limits.effective().Head), "Part": c.limits.Part, "Total": c.limits.Total}[c.over]
			fields, err := ReadForm(strings.NewReader(c.form), ctypeB, &c.limits)
			wantLimit(t, err, c.over, most)
			if (err != nil) != (fields == nil) {
				t.Errorf("%d fields with %v", len(fields), err)
			}
			r := newReader(t, c.form, &c.limits)
			for err = nil; err == nil; { // what is skipped counts as what is read
				_, err = r.Next()
			}
			if err == io.EOF {
				err = nil
			}
			wantLimit(t, err, c.over, most)
		})
	}
}

// Of a form in memory the total is bounded by default, of one that is streamed it is not.
func TestTotalByDefault(t *testing.T) {
	for n, limit := range map[int]string{10<<20 - 10: "", 10<<20 - 9: "Total"} {
		form := partsOf(1, n)
		for _, limits := range []*Limits{nil, {}} {
			_, err := ReadForm(strings.NewReader(form), ctypeB, limits)
			wantLimit(t, err, limit, 10<<20)
			r := newReader(t, form, limits)
			next(t, r)
			if _, err := r.Next(); err != io.EOF {
				t.Errorf("streamed: %v", err)
			}
		}
		_, err := ReadForm(strings.NewReader(form), ctypeB, &Limits{Total: Unlimited})
		wantLimit(t, err, "", 0)
	}
}

// What is over a limit is not handed out, the error stays, and the caller's Limits are
// as they were.
func TestOverLimit(t *testing.T) {
	for _, c := range []struct {
		limits Limits
		limit  string
		max    int64
		want   int
	}{
		{Limits{Part: 7}, "Part", 7, 7},
		{Limits{Total: 10 + 6}, "Total", 16, 6},
	} {
		before := c.limits
		r := newReader(t, partsOf(1, 8), &c.limits)
		p := next(t, r)
		if _, err := io.ReadFull(p, make([]byte, c.want)); err != nil {
			t.Errorf("within the limit: %v", err)
		}
		if n, err := p.Read(nil); n != 0 || err != nil { // asks for nothing that is over it
			t.Errorf("at the limit: %d, %v", n, err)
		}
		content, err := io.ReadAll(p)
		wantLimit(t, err, c.limit, c.max)
		if len(content) != 0 {
			t.Errorf("%q was handed out over the limit", content)
		}
		if _, again := p.Read(make([]byte, 1)); again != err {
			t.Errorf("Read: %v, then %v", err, again)
		}
		if _, again := r.Next(); again != err {
			t.Errorf("Read: %v, Next: %v", err, again)
		}
		ReadForm(strings.NewReader(""), ctypeB, &c.limits)
		if c.limits != before {
			t.Errorf("the limits are %+v, were %+v", c.limits, before)
		}
	}
}

func TestLimitError(t *testing.T) {
	for limit, want := range map[string]string{
		"Parts": "more than 7 parts in the form (Limits.Parts)",
		"Head":  "more than 7 bytes in the head of a part (Limits.Head)",
		"Part":  "more than 7 bytes in a part (Limits.Part)",
		"Total": "more than 7 bytes in the parts of the form (Limits.Total)",
	} {
		if got := (&LimitError{limit, 7}).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	_, err := ReadForm(strings.NewReader(partsOf(3, 5)), ctypeB, &Limits{Part: 4})
	if got := fmt.Sprint(err); got != "multipart: received part 1: more than 4 bytes in a part (Limits.Part)" {
		t.Error(got)
	}
}

// endless begins in a way and never ends; it counts what was taken of it.
type endless struct {
	begin, again string
	n            int
}

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		if e.n < len(e.begin) {
			b[i] = e.begin[e.n]
		} else {
			b[i] = e.again[(e.n-len(e.begin))%len(e.again)]
		}
		e.n++
	}
	return len(b), nil
}

// A peer that never ends anything is stopped near the limit.
func TestEndless(t *testing.T) {
	limits := Limits{Parts: 50, Head: 1000, Part: 2000, Total: 60000}
	for _, c := range []struct {
		name, begin, again string
		limit              string
		most               int // bytes that may be taken
	}{
		{"text in front", "", "text\r\n", "Head", 1000 + 3*slack},
		{"head of one field", "--B\r\nX: ", "x", "Head", 1000 + 3*slack},
		{"head of many fields", "--B\r\n", "X: x\r\n", "Head", 1000 + 3*slack},
		{"head of one name", "--B\r\n", "X", "Head", 1000 + 3*slack},
		{"head of white space", "--B\r\nX:", " ", "Head", 1000 + 3*slack},
		{"head of folded lines", "--B\r\nX: x\r\n", " \r\n", "Head", 1000 + 3*slack},
		{"delimiter", "--B", " ", "", 1000 + 3*slack},
		{"content", "--B\r\n\r\n", "x", "Part", 2000 + 3*slack},
		{"content of line ends", "--B\r\n\r\n", "\r\n--", "Part", 2000 + 3*slack},
		{"parts", "", "--B\r\n\r\nx\r\n", "Parts", 50*11 + 3*slack},
		{"large parts", "", "--B\r\n\r\n" + strings.Repeat("x", 2000) + "\r\n", "Total", 60000 + 30*11 + 3*slack},
		{"text behind a part", "--B\r\n\r\nx\r\n--B\r\n\r\ny\r\n--B", "\t", "", 1000 + 4*slack},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &endless{begin: c.begin, again: c.again}
			fields, err := ReadForm(e, ctypeB, &limits)
			if c.limit == "" {
				if !errors.Is(err, ErrMalformed) {
					t.Errorf("%v, want one that matches ErrMalformed", err)
				}
			} else if l := (*LimitError)(nil); !errors.As(err, &l) || l.Limit != c.limit {
				t.Errorf("%v, want limit %s", err, c.limit)
			}
			if e.n > c.most || fields != nil {
				t.Errorf("%d bytes were taken, want at most %d; %d fields", e.n, c.most, len(fields))
			}
		})
	}
}

func TestEffective(t *testing.T) {
	var none *Limits
	byDefault := Limits{Parts: 1000, Head: 64 << 10, Part: math.MaxInt64, Total: math.MaxInt64}
	unlimited := Limits{math.MaxInt, math.MaxInt, math.MaxInt64, math.MaxInt64}
	for _, c := range []struct {
		limits *Limits
		want   Limits
	}{
		{none, byDefault},
		{&Limits{}, byDefault},
		{&Limits{Unlimited, Unlimited, Unlimited, Unlimited}, unlimited},
		{&Limits{math.MinInt, math.MinInt, math.MinInt64, math.MinInt64}, unlimited},
		{&Limits{1, 2, 3, 4}, Limits{1, 2, 3, 4}},
	} {
		if got := c.limits.effective(); got != c.want {
			t.Errorf("%+v gives %+v, want %+v", c.limits, got, c.want)
		}
	}
}
