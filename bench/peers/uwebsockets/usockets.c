// The sockets under uWebSockets, as one object.
#include <bsd.c>
#include <context.c>
#include <crypto/openssl.c>
#include <eventing/epoll_kqueue.c>
#include <loop.c>
#include <socket.c>
#include <udp.c>
