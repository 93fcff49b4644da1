// Package conformance runs golden scripts: a client that is driven step by step, a
// server that plays given bytes, and what must come of it, in one file.
//
//	# The body of an answer breaks off.
//	server
//	request GET ${URL}/file
//	want status 200
//	! body
//	want error closed
//	want blame network
//	want state failed
//	want sent request
//
//	-- server --
//	wait request
//	< HTTP/1.1 200 OK\r\n
//	< Content-Length: 10\r\n
//	< \r\n
//	< 01234
//	reset
//	-- request --
//	> GET /file HTTP/1.1\r\n
//	> Host: ${ADDR}\r\n
//	~ User-Agent: hackney/.*
//	> \r\n
//
// [Run] runs all scripts below a directory as subtests. [Recorder] makes a script
// of a real exchange. [Steps] is a client driven by lines that somebody types.
//
// # A script
//
// A script is a txtar archive: commands above, sections below, each section behind
// a line "-- name --". It is run by testscript, whose own commands (cmp, exec,
// stdout, env, …) work too. A word in single quotes may have blanks in it, two
// quotes inside stand for one, and nothing is expanded; outside of them
// $NAME and ${NAME} are variables. "#" begins a comment. A script has 10 s; a
// comment line "# time: 30s" gives it another time.
//
// A script fails at the first command that does not do as it should, with file and
// line; one without any command fails too. At its end every step of the servers must
// have been played; where "want sent" or "want wire" was used, nothing may have been sent
// that it has not seen; and each error in a log must have been compared. What is
// negated by "!" has seen nothing.
//
// # The notation of bytes
//
// Wherever a script holds bytes, text stands for itself, and what cannot be seen is
// written \r \n \t \\ or \xHH. ${NAME} is the value of a variable, a dollar sign
// before a brace is \x24. \{1000*text} is the text a thousand times. The end of a
// line in a section stands for nothing: where a line of HTTP ends there is a \r\n.
// An argument @NAME is the section of that name.
//
// # The server
//
//	server [NAME] [tls] [untrusted] [unix] [ipv6] [full] [partly] [at HOST:PORT] [named HOST]...
//	nobody HOST:PORT
//
// starts a server with the script in the section of its name, "server" if it is
// not given. Its address is in URL, ADDR (host:port), HOST and PORT; that of another
// server in NAME_URL and so on. With "at", the script speaks of the address given
// there, and what is dialed to it comes to this server: so the bytes of a request
// are the same in every run. With TLS its certificate is trusted, unless it is
// "untrusted". A "full" server, which needs an "at", never lets a dial end; "nobody"
// makes dials to an address be refused. A server whose script need not be played to its
// end is "partly". Its certificate is good for further names that it is "named", which
// an origin behind a proxy needs.
//
// Its section has these lines:
//
//	connection           the next connection begins; the first is there by itself
//	wait request         a whole request: head, and body by Content-Length or chunked
//	wait head            a head, up to its empty line
//	wait body            the rest of the request whose head was waited for
//	wait last-chunk      the end of a chunked body
//	wait bytes N         N bytes more
//	wait quiet 50ms      something, and then nothing for the time
//	wait nothing         begins a step at once
//	delay 200ms          before the bytes below
//	< bytes              what to send, in the notation; lines in a row are one segment
//	next                 the next segment begins
//	keep                 leave the connection as it is: what happens if nothing is written
//	close                close it (FIN)
//	half-close           close the sending side only
//	drop                 close it without the goodbye of TLS
//	reset                close it with RST
//	stall                stop reading
//	tls                  make a TLS handshake, as behind a CONNECT
//
// # Operations
//
// A command has the name of the function that it calls. The script holds one
// present state: an operation takes it and leaves the next one in its place, with an
// error too. "!" before it says that it must fail.
//
//	connect [tcp|tls|unix [HOST PORT]]   to the server of the script, or elsewhere
//	reconnect
//	request METHOD URL [FIELD]... [PAYLOAD]
//	request-url METHOD URL [FIELD]... [PAYLOAD]
//	get URL [FIELD]... [PAYLOAD]         and so on, for each of the 25 verbs
//	send-request METHOD PATH [FIELD]... [PAYLOAD]
//	send-raw METHOD HEAD [PAYLOAD]       Req.Raw: HEAD goes out as it is
//	stream-request-body PAYLOAD
//	stream-multipart-request PART        also: start, data, data-eof and eof
//	end-stream-request-body
//	start-response
//	stream-status
//	stream-header                        gives "Name: value"
//	stream-headers
//	stream-body
//	body
//	body-max N
//	skip-body
//	copy-body
//	body-reader [N | chunks]             all that is left: in reads of N bytes, or by Chunks
//	handoff
//	set-sockopts nodelay|delay|fail
//	hijack                               then: conn write DATA | read N | close
//	close
//
// Pools belong to the script that names them; that named default is there by itself.
//
//	start-pool NAME [timeout=TIME] [pool-size=N] [max-per-host=N]
//	stop-pool NAME
//	pool-size NAME [TRANSPORT HOST PORT] gives how many are idle, in all or to there
//	max-poolsize NAME, pool-timeout NAME give the limits
//	set-poolsize NAME N, set-pool-timeout NAME TIME
//	pool-socket NAME TRANSPORT HOST PORT takes an idle connection; pool-release gives it back
//	pool                                 gives the name of the present state's pool
//
// With opts async the request, or start-response, leaves the state async, and these are for
// its response:
//
//	next [KIND]                          takes an event; KIND: interim status headers chunk done error
//	events                               takes all that are left, and gives the bytes of their chunks
//	pause-stream, resume-stream, stop-stream
//	find-stream                          by its reference: gives found or undefined
//	wait-done                            until it has ended, by whatever
//
// Behind the last event, and behind wait-done, the state is the one that the response has
// led to. An event that is an error is an error of the command. The word unknown behind
// a command that ends in -stream is a reference that no response has.
//
// A FIELD is 'Name: value'; -Name leaves a default field away. A PAYLOAD is one of
//
//	text DATA
//	chunks DATA...
//	form NAME=VALUE...                   a NAME alone is bare
//	file PATH [OFFSET [N]]               a section, or a file beside the script
//	reader SIZE DATA                     SIZE -1: not known
//	func DATA... [error:REASON]          ends with an error, whose kind is then REASON
//	stream
//	multipart BOUNDARY PART...           the boundary '' is a random one
//	stream-multipart SIZE BOUNDARY       SIZE -1: not known; behind it stream-multipart-request
//
// and a PART, or another item of a form that is streamed,
//
//	value NAME DATA
//	content NAME FILENAME DATA
//	file NAME PATH [OFFSET [N]]
//	reader NAME FILENAME SIZE DATA
//	start NAME FILENAME TYPE             begins a part; data DATA is a piece of it, data-eof its end
//	eof                                  ends the form
//
// Behind a part may stand type=TYPE, named=FILENAME, and fields of its own, 'Name: value'.
//
// These prepare what comes:
//
//	opts [NAME=VALUE]...                 options of new clients, all set anew: recv-timeout=50ms pool=NAME|none …
//	                                     also follow-redirect max-redirect=N|none|unlimited sensitive=NAME,…
//	                                     proxy=URL|HOST:PORT>URL,…|environment|none proxy-mode=tunnel|forward
//	                                     proxy-auth=USER:PASSWORD 'proxy-headers=Name: value' answer-proxy=VALUE|error:REASON
//	                                     address-policy=public|nothing[,PREFIX…]
//	                                     async async-buffer=N
//	context TIME|cancelled|background    of the operations that follow
//	use-default-pool true|false          for clients whose opts name no pool
//	keep NAME, use NAME|zero             give the present state a name, go back to one; zero never connected
//	log                                  see below
//
// The pure functions of the library are there too: parse-url, unparse-url,
// transport-scheme, url-encode, url-decode, form-encode, form-decode, headers-list,
// headers-get, headers-insert and headers-update, and
//
//	multipart-encode BOUNDARY PART...
//	multipart-decode CONTENT-TYPE DATA   gives a line for each part, and its fields
//
// # Checks
//
//	want state|connection|body-state WORD
//	want status|content-length N
//	want reason|location|url DATA
//	want version|method|reused WORD
//	want maybe-redirect true|false
//	want redirects [SECTION]             that were followed: METHOD URL STATUS LOCATION; none, without a section
//	want boundary DATA                   of the form that is, or was, streamed
//	want header NAME [VALUE]
//	want headers|trailers SECTION        all of them, in order
//	want interim STATUS...               of the 1xx answers
//	want events SECTION                  all that were taken of the asynchronous response; chunks in a row are one
//	want data DATA                       what the last operation gave
//	want end                             it found the end (io.EOF)
//	want error KIND [REGEXP]             see below
//	want cause KIND                      of what is inside the error of a proxy, redirect or policy
//	want proxy-status N                  of a proxy that refused; 0 where it gave no answer
//	want proxy-reason|proxy-body TEXT
//	want proxy-header NAME [VALUE]
//	want blame caller|peer|network|limit
//	want kept WORDS                      what became of the connection: in the pool, kept by the client, …
//	want pool-size NAME N                waits until so many are idle
//	want legal OPERATION...              by the names of their functions
//	want client SECTION                  the state, printed
//	want sent SECTION [SERVER] [N]       the bytes that the server's Nth connection received
//	want sent-fields SECTION [SERVER] [N]
//	want sent-line REGEXP [SERVER] [N]
//	want connections N [SERVER]
//	want log|wire SECTION                see below
//
// "! want …" wants the contrary. A section of "want sent" has lines "> bytes", in the
// notation, and "~ regexp", for one line whatever its end. It is compared with the
// bytes behind those that the "want sent" before it saw. "sent-fields" compares one
// request, its fields as a set. Where a server has an address of its own, ${ADDR}
// and ${PORT} stand for it in every section.
//
// The kinds of errors are: address argument cancelled closed enoent invalid-redirection
// invalid-state limit max-redirect-overflow network no-pool pool-exists protocol
// proxy-connection refused reset response-ready stale stopped timeout tls other.
//
// # Logs
//
// After the line "log" an operation's error is no failure but a part of the log, and
// "want log" compares all operations at once: what each gave, and the state it led
// to. "want wire" compares what went over the connections to servers with an "at" in
// a normal form: request lines, fields as a set, bodies without their framing, and
// who closed. In this form the recordings of hackney 0.6.0 are kept. Sections whose
// names begin with "recorded" hold them, and are never rewritten.
package conformance
