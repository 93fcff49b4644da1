// Package corpusdriver is this library's side of the neutral corpus of HTTP/1.1
// cases. The corpus is kept outside this repository, with a runner that is one
// Go program; a client takes part in it by one more file. Ours is product.go.txt:
//
//   - .ci/corpus, which make corpus calls, copies it beside the runner's files as
//     product.go, builds the runner against this checkout and judges the counts;
//   - it uses exported names alone, as any program would;
//   - it must not compile here, where the runner is not: hence its name.
//
// What the library does otherwise than a case has it, where the case leaves a choice,
// stands in testdata/otherwise.txt with the reason. .ci/corpus holds the list to what
// comes out.
//
// The package has tests only: that the file still compiles, against a stand-in for the
// runner in testdata, and that .ci/corpus judges as it says.
package corpusdriver
