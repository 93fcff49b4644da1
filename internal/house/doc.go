// Package house keeps the order of the house: which package stands on which
// floor, and that nothing is imported upward. It has tests only. The table in
// house_test.go is the plan; a new package is entered there first.
package house
