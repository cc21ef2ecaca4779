# SPDX-License-Identifier: MIT
"""The far end of ./run's transfers: an HTTP server and a name server on the host's loopback, at
free ports. QEMU's user network shows them to the virtual machine as 10.0.2.2.

    files = FileServer(size, seed); files.port; files.sha256
    names = NameServer("files.aerovnet.test", "10.0.2.2"); names.port
    ...; files.received; files.close(); names.close()
"""

import hashlib
import http.server
import random
import socket
import struct
import threading

CHUNK = 65536


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self):
        owner = self.server.owner
        if self.path != "/file":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(owner.content)))
        self.send_header("Connection", "close")
        self.end_headers()
        for start in range(0, len(owner.content), CHUNK):
            self.wfile.write(owner.content[start : start + CHUNK])
            owner.sent = min(start + CHUNK, len(owner.content))
        self.close_connection = True

    def do_PUT(self):
        owner = self.server.owner
        self.close_connection = True
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > owner.limit:
            self.send_error(411 if not length else 413)
            return
        digest, left = hashlib.sha256(), int(length)
        owner.receiving = 0
        while left:
            data = self.rfile.read1(min(left, CHUNK))
            if not data:
                return
            digest.update(data)
            left -= len(data)
            owner.receiving += len(data)
        owner.received = {"bytes": int(length), "sha256": digest.hexdigest()}
        answer = (digest.hexdigest() + "\n").encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


class FileServer:
    """GET /file gives `size` pseudo-random bytes; PUT /file takes as many, at most."""

    def __init__(self, size, seed):
        self.content = random.Random(seed).randbytes(size)
        self.sha256 = hashlib.sha256(self.content).hexdigest()
        self.limit = size
        self.sent = 0  # bytes of the last GET handed to the socket
        self.receiving = 0  # bytes of a PUT so far
        self.received = None  # of the last whole PUT: {"bytes": ..., "sha256": ...}
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class NameServer:
    """Answers questions for one name's A record; every other name does not exist."""

    def __init__(self, name, address):
        self._name = name.lower()
        self._address = socket.inet_aton(address)
        self.questions = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            question, sender = self._socket.recvfrom(1500)
            if not question:
                return
            answer = self._answer(question)
            if answer:
                self.questions += 1
                self._socket.sendto(answer, sender)

    def _answer(self, packet):
        """The response to a query (RFC 1035), or None to what is not a query."""
        if len(packet) < 12:
            return None
        number, flags, questions = struct.unpack_from(">HHH", packet)
        if flags & 0xF800 or questions != 1:
            return None
        labels, at = [], 12
        while at < len(packet) and 0 < packet[at] < 64:
            labels.append(packet[at + 1 : at + 1 + packet[at]].decode("ascii", "replace"))
            at += 1 + packet[at]
        if at + 5 > len(packet) or packet[at] != 0:
            return None
        kind, family = struct.unpack_from(">HH", packet, at + 1)
        known = ".".join(labels).lower() == self._name
        answers = b""
        if known and kind == 1 and family == 1:
            answers = struct.pack(">HHHIH", 0xC00C, 1, 1, 60, 4) + self._address
        # Response, authoritative, recursion as asked; NXDOMAIN (3) where the name is not ours.
        flags = 0x8400 | (flags & 0x0100) | (0 if known else 3)
        head = struct.pack(">HHHHHH", number, flags, 1, 1 if answers else 0, 0, 0)
        return head + packet[12 : at + 5] + answers

    def close(self):
        # An empty datagram ends the loop; closing the socket under recvfrom would not.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()
