// Transcripts turns the recordings of the real hackney 0.6.0 into golden scripts,
// which package conformance replays.
//
//	go run ./internal/transcripts [-o testdata/hackney-0.6.0] DIR
//
// DIR holds the recordings, one JSON file for each area, and beside it is the
// folder fixtures with the files that they name. Each scenario becomes
// AREA/NAME.txtar below the output, and a line of scenarios.txt, which says of
// every one of them what became of it: golden (with the sum over what was
// recorded), or left-out (with the reason).
//
// A script that is there already is converted anew, but keeps what is ours: its
// "# differs:" lines, what its want lines compare with, its sections ours and
// ours.wire, and a body that is marked "# by hand:".
//
// The tables in tables.go hold all that is particular to one area or scenario.
package main
