"""Starts nginx with a configuration of its own, on a free port, in the foreground.

usage: serve.py NGINX FOLDER [CERTIFICATE KEY]"""

import os
import socket
import sys
import tempfile
import time

CONFIGURATION = """
worker_processes 1; daemon off; master_process off; pid {home}/pid; error_log {home}/error.log; worker_rlimit_nofile 200000;
events {{ worker_connections 150000; multi_accept on; }}
http {{
    access_log off; server_tokens off; keepalive_requests 1000000000; keepalive_timeout 600;
    sendfile on; tcp_nopush on; tcp_nodelay on; open_file_cache max=100; default_type application/octet-stream;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    server {{
        listen 127.0.0.1:{port} {ssl} backlog=4096; {certificate}
        location = /plaintext {{ default_type text/plain; return 200 "Hello, World!"; }}
        location = /json {{ default_type application/json; return 200 '{{"message":"Hello, World!"}}'; }}
        location /files/ {{ alias {folder}/; }}
    }}
}}
"""
CERTIFICATE = "ssl_protocols TLSv1.3; ssl_certificate {0}; ssl_certificate_key {1}; ssl_session_tickets on; ssl_session_cache off;"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def main(nginx, folder, certificate=None, key=None):
    home = tempfile.mkdtemp(prefix="nginx-")
    port = free_port()
    told = CERTIFICATE.format(certificate, key) if certificate else ""
    with open(f"{home}/nginx.conf", "w") as file:
        file.write(CONFIGURATION.format(home=home, port=port, folder=folder, ssl="ssl" if certificate else "", certificate=told))
    if (child := os.fork()) == 0:
        # Says the port once nginx, which takes this process over, answers there.
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                print(port, flush=True)
                break
            except OSError:
                time.sleep(0.02)
        os._exit(0)
    os.execv(nginx, [nginx, "-p", home, "-e", f"{home}/error.log", "-c", f"{home}/nginx.conf"])


main(*sys.argv[1:])
