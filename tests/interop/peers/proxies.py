"""Proxies in front of our server, as their packages bring them."""

import os

import toolbox
from toolbox import DEBIAN
from world import free_port


def start_nginx(world, is_tls, upstream, more=""):
    port = free_port()
    folder = world.root / f"nginx-{port}"
    folder.mkdir()
    # Started by root, nginx would serve as another user, who may not write here.
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(f"""
        {user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
        events {{ worker_connections 1024; }}
        http {{
            access_log off; client_max_body_size 300m; keepalive_requests 10000;
            client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
            uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
            map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
            upstream gyre {{ server 127.0.0.1:{upstream}; keepalive 16; }}
            server {{
                listen 127.0.0.1:{port} {'ssl' if is_tls else ''};
                ssl_certificate {world.root}/cert.pem; ssl_certificate_key {world.root}/key.pem;
                location / {{
                    proxy_pass http://gyre; proxy_http_version 1.1; proxy_request_buffering off; {more}
                    proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade;
                    proxy_set_header Connection $connection_upgrade;
                }}
            }}
        }}""")
    world.start([toolbox.debian("nginx", "nginx"), "-p", folder, "-c", folder / "nginx.conf"], port, env=toolbox.environment())
    return port


def start_haproxy(world, is_tls, upstream, proxied="send-proxy-v2"):
    port = free_port()
    path = world.root / f"haproxy-{port}.cfg"
    tls = f"ssl crt {world.root}/both.pem alpn http/1.1" if is_tls else ""
    path.write_text(f"""
global
    maxconn 2000
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option http-keep-alive
frontend front
    bind 127.0.0.1:{port} {tls}
    default_backend gyre
backend gyre
    server gyre 127.0.0.1:{upstream} {proxied}
""")
    world.start([toolbox.debian("haproxy", "haproxy"), "-f", path, "-db"], port, env=toolbox.environment())
    return port


def start_varnish(world, upstream):
    port = free_port()
    folder = world.root / f"varnish-{port}"
    folder.mkdir()
    (folder / "default.vcl").write_text(f'vcl 4.1; backend gyre {{ .host = "127.0.0.1"; .port = "{upstream}"; }}\n'
                                        "sub vcl_recv { return (pass); }\n")
    world.start([toolbox.debian("varnish", "varnishd"), "-F", "-n", folder / "work", "-a", f"127.0.0.1:{port}", "-f", folder / "default.vcl",
                 "-s", "malloc,16m", "-T", "none", "-j", "none"], port, env=toolbox.environment())
    return port


def start_apache(world, upstream):
    port = free_port()
    folder = world.root / f"apache-{port}"
    folder.mkdir()
    program = toolbox.debian("apache2-bin", "apache2")
    modules = (DEBIAN if program.startswith(str(DEBIAN)) else DEBIAN.__class__("/")) / "usr/lib/apache2/modules"
    load = "\n".join(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in
                     ("mpm_event", "authz_core", "proxy", "proxy_http"))
    (folder / "apache.conf").write_text(f"""
{load}
ServerRoot {folder}
PidFile {folder}/pid
DefaultRuntimeDir {folder}
Mutex file:{folder} default
ErrorLog {folder}/error.log
ServerName localhost
Listen 127.0.0.1:{port}
AllowEncodedSlashes NoDecode
ProxyPass / http://127.0.0.1:{upstream}/ nocanon
""")
    world.start([program, "-f", folder / "apache.conf", "-D", "FOREGROUND"], port, env=toolbox.environment())
    return port


def start_squid(world, upstream):
    port = free_port()
    folder = world.root / f"squid-{port}"
    folder.mkdir()
    folder.chmod(0o777)
    program = toolbox.debian("squid", "squid")
    share = DEBIAN if program.startswith(str(DEBIAN)) else DEBIAN.__class__("/")
    (folder / "squid.conf").write_text(f"""
http_port 127.0.0.1:{port} accel defaultsite=localhost no-vhost
cache_peer 127.0.0.1 parent {upstream} 0 no-query no-digest originserver name=gyre
acl everybody src all
http_access allow everybody
cache_peer_access gyre allow everybody
never_direct allow everybody
cache deny all
cache_mem 8 MB
memory_cache_shared off
pid_filename {folder}/pid
access_log none
cache_log {folder}/cache.log
cache_store_log none
coredump_dir {folder}
mime_table {share}/usr/share/squid/mime.conf
icon_directory {share}/usr/share/squid/icons
error_directory {share}/usr/share/squid/errors/templates
unlinkd_program {share}/usr/lib/squid/unlinkd
pinger_enable off
shutdown_lifetime 0 seconds
{'cache_effective_user nobody' if os.getuid() == 0 else ''}
""")
    world.start([program, "-N", "-n", f"gyre{port}", "-f", folder / "squid.conf"], port, env=toolbox.environment())
    return port


def start_caddy(world, upstream):
    port = free_port()
    folder = world.root / f"caddy-{port}"
    folder.mkdir()
    (folder / "Caddyfile").write_text(f"""{{
    admin off
    auto_https off
    storage file_system {folder}
}}
http://127.0.0.1:{port}, http://localhost:{port} {{
    reverse_proxy 127.0.0.1:{upstream}
}}
http://:{port} {{
    reverse_proxy 127.0.0.1:{upstream}
}}
""")
    world.start([toolbox.debian("caddy", "caddy"), "run", "--config", folder / "Caddyfile", "--adapter", "caddyfile"], port,
                env=toolbox.environment(HOME=str(folder), XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder)))
    return port
