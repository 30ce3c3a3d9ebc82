"""A relay before a server that counts what goes each way: what a process had sent when it was killed, it can no longer tell."""

import socket
import threading
import time

PIECE = 1 << 18


class Relay:
    """Listens on a port of its own while it lives. The server may end and come back: connections end with it."""

    def __init__(self, host, port):
        self.server = (host, port)
        self.up = self.down = 0  # bytes, heads of requests and answers included
        self._open = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def settle(self):
        """Waits until nothing is on its way any more; what a killed process left in the kernel's buffers counts as sent."""
        deadline = time.monotonic() + 5
        while self._open and time.monotonic() < deadline:
            time.sleep(0.005)

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            with client, socket.create_connection(self.server, timeout=5) as server:
                if server.getsockname() == server.getpeername():
                    return  # a port that nobody listens at may be given to who asks for it, who then speaks to himself
                server.settimeout(None)
                answers = threading.Thread(target=self._pump, args=(server, client, False), daemon=True)
                answers.start()
                self._pump(client, server, True)
                answers.join()
        except OSError:
            pass  # the server is not there: the client sees its connection end
        finally:
            with self._lock:
                self._open -= 1

    def _pump(self, source, sink, is_up):
        try:
            while data := source.recv(PIECE):
                with self._lock:
                    if is_up:
                        self.up += len(data)
                    else:
                        self.down += len(data)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
