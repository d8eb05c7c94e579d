#!/usr/bin/env python3
"""A job from Python without any library: a TCP socket to NATS.

    python3 examples/enqueue-job.py [job id] [port]

It enqueues a job for the agent `echo` and waits until it has ended. The same job id again is the
same job: send it again when no answer came.
"""
import json
import socket
import sys

JOB_ID = sys.argv[1] if len(sys.argv) > 1 else "job-1"
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 4222

connection = socket.create_connection(("127.0.0.1", PORT))
lines = connection.makefile("rb")
connection.sendall(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n')
connection.sendall(b"SUB answer 1\r\n")


def ask(body):
    """Sends a message about jobs and reads the answer; answers PING meanwhile."""
    data = json.dumps(body).encode()
    connection.sendall(b"PUB troupe.v1.job answer %d\r\n" % len(data) + data + b"\r\n")
    while True:
        line = lines.readline()
        if not line:
            sys.exit("the connection was lost: ask again with the same job id")
        words = line.split()
        if words[0] == b"PING":
            connection.sendall(b"PONG\r\n")
        if words[0] in (b"MSG", b"HMSG"):
            message = lines.read(int(words[-1]) + 2)
            headers = int(words[-2]) if words[0] == b"HMSG" else 0
            text = message[headers:].strip()
            return json.loads(text) if text else {"code": "nobody answers: start `bin/troupe up`"}


def ask_or_end(body):
    answer = ask(body)
    if "code" in answer:
        sys.exit(json.dumps(answer))
    return answer


job = ask_or_end({
    "type": "enqueue", "jobId": JOB_ID, "agent": "echo",
    "parameters": {"text": "from Python"}, "maxRetries": 2,
})
print(job["jobId"], "is known" if job.get("repeated") else "is new")
ended = ask_or_end({"type": "wait", "jobId": JOB_ID, "timeout": "30s"})
print(ended["state"], ended["progress"], ended.get("output"))
