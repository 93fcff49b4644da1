package report

import (
	"bytes"
	"errors"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/hackney-go/hackney/bench/result"
)

const (
	longestBar = 5.0 // a ratio beyond it is clipped, so that one of 17 does not flatten those of 1.1
	axisEnd    = 5.4 // leaves room for the number at a clipped bar

	chartWidth   = 760 * vg.Length(1)
	headHeight   = 54 * vg.Length(1) // title and legend
	axisHeight   = 44 * vg.Length(1)
	barHeight    = 7 * vg.Length(1)
	groupPadding = 9 * vg.Length(1) // between the bars of two scenarios
)

// A series is a client whose bars the chart has. Hackney's colour is the only strong one;
// the others differ in lightness too, so that they are told apart without colours.
type series struct {
	client string
	fill   color.Color
}

var charted = []series{
	{result.Hackney, color.RGBA{0xd5, 0x5e, 0x00, 0xff}},
	{"fasthttp", color.RGBA{0x3f, 0x5f, 0x7f, 0xff}},
	{"net/http", color.RGBA{0x8f, 0xb0, 0xcc, 0xff}},
	{"resty", color.RGBA{0xd3, 0xd3, 0xd3, 0xff}},
}

// A group has the bars of a scenario, one for each series.
type group struct {
	title  string
	target float64
	ratios []float64 // NaN: not measured
}

// Chart draws the ratios of CPU time to the base as an SVG image.
func Chart(run *result.Run, rows []Row) ([]byte, error) {
	groups := groupsOf(run, rows)
	if len(groups) == 0 {
		return nil, errors.New("report: no scenario to draw")
	}
	height := headHeight + axisHeight + groupHeight()*vg.Length(len(groups))
	canvas := vgsvg.New(chartWidth, height)
	drawChart(draw.New(canvas), groups)
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, err
	}
	return withFallbackFonts(out.Bytes()), nil
}

// withFallbackFonts names fonts of the same widths besides. Embedding the two fonts would
// make the image twenty times as large.
func withFallbackFonts(svg []byte) []byte {
	return bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans;"),
		[]byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"))
}

func groupsOf(run *result.Run, rows []Row) []group {
	var groups []group
	for _, row := range compared(run, rows) {
		g := group{title: row.Title, target: row.Target}
		if g.title == "" {
			g.title = row.Name
		}
		if base(row) != result.Raw {
			g.title += " (" + row.Base + " = 1)"
		}
		for _, s := range charted {
			g.ratios = append(g.ratios, medianOrNaN(run.Ratio(row.Name, s.client, row.Base)))
		}
		if slices.ContainsFunc(g.ratios, func(r float64) bool { return !math.IsNaN(r) }) {
			groups = append(groups, g)
		}
	}
	return groups
}

func medianOrNaN(r result.Ratio) float64 {
	if !r.Known() {
		return math.NaN()
	}
	return r.Median
}

func groupHeight() vg.Length { return barHeight*vg.Length(len(charted)) + groupPadding }

func drawChart(c draw.Canvas, groups []group) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	drawHead(draw.Crop(c, 14, -14, c.Max.Y-headHeight, -8))
	newPlot(groups).Draw(draw.Crop(c, 8, -14, 6, -headHeight))
}

// drawHead writes the title, and below it the legend.
func drawHead(c draw.Canvas) {
	c.FillText(style(13, true), vg.Point{X: c.Min.X, Y: c.Max.Y - 8}, "CPU time of the client per operation, as a multiple of raw's")
	at := vg.Point{X: c.Min.X, Y: c.Min.Y + 12}
	for _, s := range charted {
		fill(c, s.fill, rectangle(at.X, at.Y-4, at.X+20, at.Y+4))
		at.X += 26
		label := style(9.5, s.client == result.Hackney)
		c.FillText(label, at, s.client)
		at.X += label.Width(s.client) + 22
	}
	drawTarget(c, at.X+4, at.Y-6, at.Y+6)
	c.FillText(style(9.5, false), vg.Point{X: at.X + 12, Y: at.Y}, "hackney's target")
}

func newPlot(groups []group) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.X.Min, p.X.Max = 0, axisEnd
	p.X.Padding, p.Y.Padding = 0, 4
	p.X.Tick.Marker = plot.ConstantTicks(ticks())
	p.X.Tick.Label.Font = style(9, false).Font
	p.Y.Tick.Label.Font = style(9.5, false).Font
	p.NominalY(titlesUpwards(groups)...)
	// Whole groups, from the lower edge of the last one.
	p.Y.Min, p.Y.Max = -0.5, float64(len(groups))-0.5
	p.Y.Width = 0
	grid := plotter.NewGrid()
	grid.Horizontal.Color = nil
	grid.Vertical.Color = color.Gray{0xcc}
	p.Add(shades(len(groups)), grid, bars(groups), rawLine{})
	return p
}

func ticks() []plot.Tick {
	var ticks []plot.Tick
	for i := range int(longestBar) + 1 {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: strconv.Itoa(i)})
	}
	ticks[1].Label = "1 = raw"
	return ticks
}

// titlesUpwards has the first title last, since the axis counts from below.
func titlesUpwards(groups []group) []string {
	var titles []string
	for _, g := range slices.Backward(groups) {
		titles = append(titles, wrap(g.title))
	}
	return titles
}

// wrap breaks a title into lines of about that many letters, so that the bars have room.
func wrap(title string) string {
	const width = 36
	var lines strings.Builder
	length := 0
	for i, word := range strings.Fields(title) {
		switch {
		case i == 0:
		case length+1+len(word) > width:
			lines.WriteByte('\n')
			length = 0
		default:
			lines.WriteByte(' ')
			length++
		}
		lines.WriteString(word)
		length += len(word)
	}
	return lines.String()
}

// shades draws a background for every other group.
type shades int

func (n shades) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	for i := 0; i < int(n); i += 2 {
		fill(c, color.Gray{0xf6}, rectangle(c.Min.X, y(float64(i)-0.5), c.Max.X, y(float64(i)+0.5)))
	}
}

// bars draws the groups from above, with a number at each bar.
type bars []group

func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, g := range b {
		top := y(float64(len(b)-1-i)) + barHeight*vg.Length(len(charted))/2
		for j, ratio := range g.ratios {
			bottom := top - barHeight*vg.Length(j+1)
			if !math.IsNaN(ratio) {
				bar := rectangle(x(0), bottom+0.4, x(min(ratio, longestBar)), bottom+barHeight-0.4)
				drawBar(c, charted[j], bar, ratio > longestBar)
				end := x(numberAt(g, charted[j], ratio))
				c.FillText(numberStyle(charted[j]), vg.Point{X: end + 5, Y: bottom + barHeight/2 + 0.8}, number(ratio))
			}
		}
		if g.target > 0 {
			drawTarget(c, x(min(g.target, longestBar)), top-barHeight-0.5, top+1.5)
		}
	}
}

// numberAt is where the number stands: behind the bar, and behind the line or the mark
// that is just to the right of the bar's end.
func numberAt(g group, s series, ratio float64) float64 {
	end := min(ratio, longestBar)
	if covers(end, 1) {
		end = 1
	}
	if s.client == result.Hackney && covers(end, g.target) {
		end = g.target
	}
	return end
}

// covers tells whether a number behind the end of a bar would cover the mark.
func covers(end, mark float64) bool { return end <= mark && mark < end+0.2 }

func drawBar(c draw.Canvas, s series, bar vg.Rectangle, clipped bool) {
	fill(c, s.fill, bar)
	if clipped {
		drawBreak(c, bar)
	}
}

func numberStyle(s series) text.Style { return style(7, s.client == result.Hackney) }

func number(ratio float64) string {
	return multiple(result.Ratio{Median: ratio, Rounds: 1})
}

// drawBreak cuts a slanted gap into a bar that is longer than it is drawn.
func drawBreak(c draw.Canvas, bar vg.Rectangle) {
	c.FillPolygon(color.White, []vg.Point{
		{X: bar.Max.X - 18, Y: bar.Min.Y},
		{X: bar.Max.X - 14, Y: bar.Min.Y},
		{X: bar.Max.X - 10, Y: bar.Max.Y},
		{X: bar.Max.X - 14, Y: bar.Max.Y},
	})
}

func drawTarget(c draw.Canvas, x, bottom, top vg.Length) {
	c.StrokeLine2(draw.LineStyle{Color: color.Black, Width: 1.6}, x, bottom, x, top)
}

// rawLine stands where a client takes as much CPU time as raw.
type rawLine struct{}

func (rawLine) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	line := draw.LineStyle{Color: color.Gray{0x33}, Width: 0.8, Dashes: []vg.Length{4, 2}}
	c.StrokeLine2(line, x(1), c.Min.Y, x(1), c.Max.Y)
}

// style is that of text to the right of a point, centred on its height.
func style(size vg.Length, bold bool) text.Style {
	f := font.From(plot.DefaultFont, size)
	f.Variant = "Sans"
	if bold {
		f.Weight = xfont.WeightBold
	}
	return text.Style{Color: color.Black, Font: f, YAlign: draw.YCenter, Handler: plot.DefaultTextHandler}
}

func fill(c draw.Canvas, with color.Color, r vg.Rectangle) {
	c.SetColor(with)
	c.Fill(r.Path())
}

func rectangle(left, bottom, right, top vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: left, Y: bottom}, Max: vg.Point{X: right, Y: top}}
}
