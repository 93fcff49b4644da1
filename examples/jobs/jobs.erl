%% A worker that does jobs over one connection, against hackney 0.6.0.
%% worker.go is its port to Go, function by function.
%%
%%   Worker = jobs:start(<<"http://127.0.0.1:8080">>),
%%   {ok, {Size, Sum}} = jobs:do(Worker, {fetch, <<"/chunks?n=3">>}),
%%   {ok, Reply} = jobs:do(Worker, {store, <<"/echo">>, [<<"one ">>, <<"two">>]}),
%%   ok = jobs:stop(Worker).
-module(jobs).
-export([start/1, do/2, stop/1]).

-define(OPTIONS, [{connect_timeout, 5000}, {recv_timeout, 2000}]).
-define(CHUNKED, [{<<"Transfer-Encoding">>, <<"chunked">>}]).
-define(TRIES, 3).

%% The first job opens the connection.
start(Base) ->
    hackney:start(),
    spawn_link(fun() -> loop(Base, none) end).

do(Worker, Job) ->
    Ref = make_ref(),
    Worker ! {job, self(), Ref, Job},
    receive {Ref, Result} -> Result end.

stop(Worker) ->
    Ref = monitor(process, Worker),
    Worker ! stop,
    receive {'DOWN', Ref, process, Worker, _} -> ok end.

loop(Base, Client) ->
    receive
        {job, From, Ref, Job} ->
            {Result, Next} = work(Job, Base, Client),
            From ! {Ref, Result},
            loop(Base, Next);
        stop ->
            leave(Client)
    end.

work({fetch, Path}, Base, Client) ->
    case send(Base, Client, {get, Path, [], <<>>}) of
        {ok, 200, _, Answered} -> pieces(Answered, {0, 0}, ?TRIES);
        {ok, Status, _, Answered} -> refused(Status, Answered);
        {error, Reason} -> give_up(Reason, Client)
    end;
work({store, Path, Pieces}, Base, Client) ->
    case send(Base, Client, {post, Path, ?CHUNKED, stream}) of
        {ok, Open} -> feed(Pieces, Open);
        {error, Reason} -> give_up(Reason, Client)
    end.

%% Without a client it makes one, else the request goes out on the one there is.
send(Base, none, {Method, Path, Headers, Body}) ->
    hackney:request(Method, <<Base/binary, Path/binary>>, Headers, Body, ?OPTIONS);
send(_, Client, Request) ->
    hackney:send_request(Client, Request).

%% Reads a body without keeping it. An error brings no client with it, so after a
%% timeout the value from before is tried again.
pieces(Client, {Size, Sum} = Acc, Tries) ->
    case hackney:stream_body(Client) of
        {ok, Piece, Next} ->
            pieces(Next, {Size + byte_size(Piece), erlang:crc32(Sum, Piece)}, ?TRIES);
        {done, Next} ->
            {{ok, Acc}, Next};
        {error, timeout} when Tries > 1 ->
            pieces(Client, Acc, Tries - 1);
        {error, Reason} ->
            give_up(Reason, Client)
    end.

feed([Piece | Rest], Client) ->
    case hackney:stream_request_body(Piece, Client) of
        {ok, Next} -> feed(Rest, Next);
        {error, Reason} -> give_up(Reason, Client)
    end;
feed([], Client) ->
    case hackney:start_response(Client) of
        {ok, Status, _, Answered} when Status < 300 -> reply(Answered);
        {ok, Status, _, Answered} -> refused(Status, Answered);
        {error, Reason} -> give_up(Reason, Client)
    end.

reply(Client) ->
    case hackney:body(Client) of
        {ok, Body, Next} -> {{ok, Body}, Next};
        {error, Reason} -> give_up(Reason, Client)
    end.

%% The connection stays good when the rest of the answer is read away.
refused(Status, Client) ->
    case hackney:skip_body(Client) of
        {ok, Next} -> {{error, {status, Status}}, Next};
        {error, Reason} -> give_up(Reason, Client)
    end.

%% After other errors nobody knows what is left on the connection.
give_up(Reason, Client) ->
    leave(Client),
    {{error, Reason}, none}.

leave(none) -> ok;
leave(Client) -> hackney:close(Client), ok.
