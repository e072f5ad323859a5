"""`pressrun` on a machine of tests/e2e/typed.py: hands its call to process 1 there, and ends as that does."""

import json
import os
import signal
import socket
import sys
from pathlib import Path

with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect("\0pressrun")
    request = {"arguments": sys.argv[1:], "folder": str(Path.cwd()), "environment": dict(os.environ)}
    socket.send_fds(server, [json.dumps(request).encode()], [0, 1, 2])
    pid = int.from_bytes(server.recv(8), "little")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: os.kill(pid, number))
    status = int.from_bytes(server.recv(8), "little", signed=True)
sys.exit(status if status >= 0 else 128 - status)
