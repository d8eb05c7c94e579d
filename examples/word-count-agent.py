#!/usr/bin/env python3
"""An agent without any library: Python and a TCP socket.

    python3 examples/word-count-agent.py [host] [port]

It offers the agent `word-count`: parameters {text} become the output {words}. It does the three
things that make a program an agent: it publishes heartbeats, it subscribes to `invoke` in the queue
group `agents`, and it sends each result until the answer is final. On Ctrl-C it says goodbye by a
heartbeat with a `ttl` of 0. It ends when the connection is lost; the orchestrator then gives its
attempts to another worker, or to the next start of this one.
"""
import json
import signal
import socket
import sys
import threading
import time

HOST = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 4222
AGENT = "word-count"
WORKER = f"python-{time.time_ns()}"
INBOX = f"_INBOX.{WORKER}"
HEARTBEAT_SECONDS = 2
RESEND_SECONDS = 1
MAX_REMEMBERED = 1000

unacknowledged = {}  # inbox -> {"to", "body", "attempt", "sent"}
outcomes = {}  # key -> outcome: the same key again is answered with the same result
writing = threading.Lock()


def publish(subject, body, reply=""):
    data = json.dumps(body).encode()
    with writing:
        connection.sendall(f"PUB {subject} {reply} {len(data)}\r\n".encode() + data + b"\r\n")


def heartbeat(ttl=3 * HEARTBEAT_SECONDS):
    attempts = [result["attempt"] for result in list(unacknowledged.values())]
    publish(f"troupe.v1.agent.{AGENT}.heartbeat", {
        "worker": WORKER, "agent": AGENT, "version": "1.0.0", "capabilities": ["count"],
        "concurrency": 1, "attempts": attempts, "ttl": ttl,
    })


def work(parameters):
    text = parameters.get("text")
    if not isinstance(text, str):
        error = {"code": "word-count.no-text", "message": "text is missing", "retryable": False}
        return {"status": "failed", "error": error}
    return {"status": "succeeded", "output": {"words": len(text.split())}}


def on_invoke(request, reply):
    if reply:
        publish(reply, {"accepted": True, "worker": WORKER})
    key = request["key"]
    if key not in outcomes:
        outcomes[key] = work(request["parameters"])
    if len(outcomes) > MAX_REMEMBERED:
        outcomes.pop(next(iter(outcomes)))
    names = {"runId": request["runId"], "activation": request["taskId"], "attempt": request["attempt"]}
    body = {"attempt": request["attempt"], "worker": WORKER, **outcomes[key]}
    result = {"to": request["result"], "body": body, "attempt": names, "sent": time.monotonic()}
    inbox = f"{INBOX}.{time.time_ns()}"
    unacknowledged[inbox] = result
    publish(result["to"], body, inbox)


def resend():
    for inbox, result in list(unacknowledged.items()):
        if time.monotonic() - result["sent"] >= RESEND_SECONDS:
            result["sent"] = time.monotonic()
            publish(result["to"], result["body"], inbox)


def on_answer(inbox, data):
    """No body (nobody is there), `overloaded` and `unavailable` mean: send it again."""
    answer = json.loads(data) if data else {"code": "unavailable"}
    if answer.get("code") not in ("overloaded", "unavailable"):
        unacknowledged.pop(inbox, None)
        print(inbox, answer, flush=True)


def on_message(words):
    """`MSG subject sid [reply] size`, or `HMSG subject sid [reply] header-size size`."""
    body = stream.read(int(words[-1]) + 2)[:-2]
    has_headers = words[0] == "HMSG"
    data = body[int(words[-2]):] if has_headers else body
    if words[1].startswith(INBOX):
        on_answer(words[1], data)
    else:
        has_reply = len(words) == (6 if has_headers else 5)
        on_invoke(json.loads(data), words[3] if has_reply else "")


def keep_telling():
    last = 0.0
    while True:
        if time.monotonic() - last >= HEARTBEAT_SECONDS:
            last = time.monotonic()
            heartbeat()
        resend()
        time.sleep(0.2)


def end(_signal, _frame):
    raise KeyboardInterrupt


try:
    connection = socket.create_connection((HOST, PORT))
except OSError as error:
    sys.exit(f"no NATS server on {HOST}:{PORT} ({error})\n  hint: start one with `bin/troupe up`, or give host and port")
signal.signal(signal.SIGTERM, end)
stream = connection.makefile("rb")
connection.sendall(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n')
connection.sendall(f"SUB troupe.v1.agent.{AGENT}.invoke agents 1\r\nSUB {INBOX}.* 2\r\n".encode())
threading.Thread(target=keep_telling, daemon=True).start()
print(f"{AGENT} is {WORKER}", flush=True)
try:
    while line := stream.readline().decode():
        words = line.split()
        if words[0] == "PING":
            with writing:
                connection.sendall(b"PONG\r\n")
        elif words[0] in ("MSG", "HMSG"):
            on_message(words)
        elif words[0] == "-ERR":
            sys.exit(line)
    print("the connection is lost", flush=True)
except KeyboardInterrupt:
    heartbeat(ttl=0)  # nothing more is sent here, and what it had is given to others at once
    connection.shutdown(socket.SHUT_WR)
    print("goodbye", flush=True)
