// Package integration drives the library against a server that is not ours: nginx
// as Debian packages it. Its tests need the build tag integration and an installed
// nginx and python3, and fail without; make integration runs them.
//
// The tests start nginx as a child process, one that forks no others, with a
// configuration, a certificate, ports of the loopback interface and files that are
// made for the run. At the end they end that process. A service that the package
// may have installed is neither used nor touched. PUT is nginx's own, by its dav
// module, so what was received is compared on the disk.
//
// Forms are read by Python's email package too, as testdata/forms.py tells of it.
package integration
