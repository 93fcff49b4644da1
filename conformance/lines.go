package conformance

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hackney-go/hackney/internal/golden"
)

// words splits a line as testscript does: at blanks, but not inside single quotes,
// where two of them stand for one. A # ends the line. What testscript would expand
// stands for itself.
func words(line string) (list []string, err error) {
	var word strings.Builder
	inWord, quoted := false, false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\'' && quoted && i+1 < len(line) && line[i+1] == '\'':
			word.WriteByte(c)
			i++
		case c == '\'':
			quoted, inWord = !quoted, true
		case quoted, !isBlank(c) && c != '#':
			word.WriteByte(c)
			inWord = true
		default:
			if inWord {
				list = append(list, word.String())
			}
			word.Reset()
			inWord = false
			if c == '#' {
				return list, nil
			}
		}
	}
	if quoted {
		return nil, errors.New("a quote without its end")
	}
	if inWord {
		list = append(list, word.String())
	}
	return list, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// quoteWord writes a word so that words, and testscript, read it as it is.
func quoteWord(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\r#'$") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", "''") + "'"
}

// commandLine writes a command as it stands in a script.
func commandLine(negated bool, name string, args []string) string {
	line := name
	for _, arg := range args {
		line += " " + quoteWord(arg)
	}
	if negated {
		return "! " + line
	}
	return line
}

// lineGiven is the operation whose data is a short line of text.
const lineGiven = "stream-header"

// Shown are the fields or the bytes that the operation gave, line by line in the
// notation of bytes, up to limit bytes; what Gave says already is left out.
func (t Transition) Shown(limit int) (lines []string) {
	for _, f := range t.Fields {
		lines = append(lines, golden.Quote([]byte(f[0]+": "+f[1])))
	}
	if t.told {
		return lines
	}
	lines = append(lines, golden.QuoteLines(t.Data[:min(limit, len(t.Data))])...)
	if len(t.Data) > limit {
		lines = append(lines, fmt.Sprintf("… %d of %s", limit, plural(len(t.Data), "byte")))
	}
	return lines
}

// gave says in short what the last operation gave.
func (s *session) gave(name string) string {
	switch {
	case s.err != nil:
		return "error: " + s.err.Error()
	case s.last.outcome == gaveHead:
		return strings.TrimSpace(fmt.Sprintf("%d %s", s.cs.Status(), golden.Quote([]byte(s.cs.Reason()))))
	case s.last.outcome == gaveEnd:
		return "the end"
	case s.last.outcome == gaveValue:
		return golden.Quote([]byte(strings.Join(s.last.lines, " ")))
	case s.last.outcome == gaveStream:
		return "a response stream"
	case s.last.outcome == gaveEvents:
		return strings.Join(s.last.lines, ", ")
	case s.last.outcome == gaveData && name == lineGiven:
		return golden.Quote(s.last.data)
	case s.last.outcome == gaveData:
		return plural(len(s.last.data), "byte")
	}
	return ""
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
