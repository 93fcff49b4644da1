// Package integration drives the library against programs that are not ours, as Debian
// packages them: nginx and haproxy as origins, squid, tinyproxy and danted as proxies.
// Its tests need the build tag integration and those programs installed, python3 too,
// and fail without; make integration runs them.
//
// The tests start each server as a child process, with a configuration, a certificate,
// passwords, ports of the loopback interface and files that are made for the run. At
// the end they end that process. A service that the package may have installed is
// neither used nor touched, and no account of the system is either: squid reads a
// file of passwords, and danted sees no file but those of a folder, which is its root.
// Started by root, squid takes the rights of the user proxy, as Debian has it. Without
// root, danted needs a name space of its own, where it is root.
//
// PUT is nginx's own, by its dav module, so what was received is compared on the disk.
// What comes to an origin behind redirects and proxies is kept by a server of the tests,
// as bytes; which way it came, the proxy's own log tells.
//
// Forms are read by Python's email package too, as testdata/forms.py tells of it.
package integration
