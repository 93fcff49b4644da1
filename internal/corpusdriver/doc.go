// Package corpusdriver is this library's side of the neutral corpus of HTTP/1.1
// cases. The corpus is kept outside this repository, with a runner that is one
// Go program; a client takes part in it by one more file. Ours is product.go.txt:
//
//   - .ci/corpus, which make corpus calls, copies it beside the runner's files as
//     product.go, builds the runner against this checkout and judges the counts;
//   - it uses exported names alone, as any program would;
//   - it must not compile here, where the runner is not: hence its name.
//
// The package has a test only: it holds that the file still compiles, against a
// stand-in for the runner in testdata.
package corpusdriver
