// The origin where a C compiler is there; origin.ts is the same without one. `origin N` listens on N free ports of 127.0.0.1, prints them as
// `ports A,B,...` and ends when its standard input does. What a connection begins with says what it wants:
//   GET /SIZE    an answer of that many octets, kept alive        P...        everything back
//   D<n>\n       n octets                                         U<n>\n      takes n octets, then says OK\n
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { LISTENER, INPUT, NEW, HTTP, PING, DOWN, UP };

struct connection {
  int fd;
  enum kind kind;
  uint32_t watched;
  int closes;
  size_t length;
  const char *out;
  size_t out_left;
  int64_t left;
  char in[8192], copy[8192];
};

struct answer { long size; int closes; char *text; size_t length; };

enum { BLOCK = 512 << 10, SINK = 1 << 20, ANSWERS = 64 };
static int epoll;
static char block[BLOCK];
static struct answer answers[ANSWERS];
static int answer_count;

static void watch(struct connection *c, uint32_t events) {
  if (c->watched == events) return;
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
  c->watched = events;
}

static struct connection *add(int fd, enum kind kind) {
  struct connection *c = calloc(1, sizeof *c);
  c->fd = fd;
  c->kind = kind;
  c->watched = EPOLLIN;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  return c;
}

// Answers are made once for each size.
static const struct answer *answer(long size, int closes) {
  for (int i = 0; i < answer_count; i++)
    if (answers[i].size == size && answers[i].closes == closes) return &answers[i];
  if (answer_count == ANSWERS || size < 0 || size > 64 << 20) return NULL;
  struct answer *made = &answers[answer_count++];
  *made = (struct answer){size, closes, malloc((size_t)size + 512), 0};
  made->length = (size_t)sprintf(made->text,
    "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/octet-stream\r\nCache-Control: no-store\r\nETag: \"abc\"\r\n"
    "Content-Length: %ld\r\n%s\r\n", size, closes ? "Connection: close\r\n" : "");
  for (long i = 0; i < size; i++) made->text[made->length++] = (char)('a' + i % 26);
  return made;
}

// 1: all is sent, 0: the rest when it can be, -1: the connection is lost.
static int flush(struct connection *c) {
  while (c->out_left > 0) {
    ssize_t sent = send(c->fd, c->out, c->out_left, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return watch(c, EPOLLOUT), 0;
    if (sent < 0) return -1;
    c->out += sent;
    c->out_left -= (size_t)sent;
  }
  if (c->closes) shutdown(c->fd, SHUT_WR);
  watch(c, EPOLLIN);
  return 1;
}

static int http(struct connection *c) {
  while (c->out_left == 0 && c->length > 0) {
    char *end = memmem(c->in, c->length, "\r\n\r\n", 4);
    if (!end) return c->length == sizeof c->in ? -1 : 0;
    *end = 0;
    char *path = strstr(c->in, " /");
    if (!path) return -1;
    c->closes = strcasestr(c->in, "\nconnection: close") || (strstr(c->in, " HTTP/1.0") && !strcasestr(c->in, "\nconnection: keep-alive"));
    const struct answer *made = answer(atol(path + 2), c->closes != 0);
    if (!made) return -1;
    size_t used = (size_t)(end + 4 - c->in);
    c->length -= used;
    memmove(c->in, c->in + used, c->length);
    c->out = made->text;
    c->out_left = made->length;
    if (flush(c) < 0) return -1;
  }
  return 0;
}

static int down(struct connection *c) {
  while (c->left > 0) {
    ssize_t sent = send(c->fd, block, c->left < BLOCK ? (size_t)c->left : BLOCK, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return watch(c, EPOLLOUT), 0;
    if (sent < 0) return -1;
    c->left -= sent;
  }
  c->kind = NEW;
  watch(c, EPOLLIN);
  return 0;
}

static int up(struct connection *c) {
  for (int i = 0; i < 8 && c->left > 0; i++) {
    ssize_t got = recv(c->fd, NULL, SINK, MSG_TRUNC);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) return -1;
    c->left -= got;
  }
  if (c->left > 0) return 0;
  c->kind = NEW;
  c->out = "OK\n";
  c->out_left = 3;
  return flush(c);
}

static int readable(struct connection *c) {
  if (c->kind == UP) return up(c);
  ssize_t got = recv(c->fd, c->in + c->length, sizeof c->in - c->length, 0);
  if (got < 0) return errno == EAGAIN ? 0 : -1;
  if (got == 0) return -1;
  c->length += (size_t)got;
  if (c->kind == NEW && (c->in[0] == 'D' || c->in[0] == 'U')) {
    char *line = memchr(c->in, '\n', c->length);
    if (!line) return 0;
    c->left = atoll(c->in + 1);
    int64_t surplus = c->in + c->length - (line + 1);
    c->length = 0;
    c->kind = c->in[0] == 'D' ? DOWN : UP;
    if (c->kind == DOWN) return down(c);
    c->left -= surplus;
    return up(c);
  }
  if (c->kind == NEW) c->kind = c->in[0] == 'P' ? PING : HTTP;
  if (c->kind == HTTP) return http(c);
  memcpy(c->copy, c->in, c->length);
  c->out = c->copy;
  c->out_left = c->length;
  c->length = 0;
  return flush(c);
}

static void take(int listener) {
  int one = 1, fd;
  for (int i = 0; i < 64 && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0; i++) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    add(fd, NEW);
  }
}

static int turn(struct connection *c, uint32_t events) {
  if (events & EPOLLOUT) {
    if (c->kind == DOWN) return down(c);
    int flushed = flush(c);
    return flushed > 0 && c->kind == HTTP ? http(c) : flushed;
  }
  return events & EPOLLIN ? readable(c) : -1;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  memset(block, 'd', sizeof block);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < (argc > 1 ? atoi(argv[1]) : 1); i++) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(fd, (void *)&address, length) || listen(fd, 4096) || getsockname(fd, (void *)&address, &length)) return perror("origin"), 1;
    printf("%s%d", i == 0 ? "ports " : ",", ntohs(address.sin_port));
    add(fd, LISTENER);
  }
  printf("\n");
  fflush(stdout);
  add(0, INPUT);
  struct epoll_event events[512];
  for (;;) {
    int n = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (c->kind == INPUT) return 0;
      if (c->kind == LISTENER) take(c->fd);
      else if (turn(c, events[i].events) < 0) {
        close(c->fd);
        free(c);
      }
    }
  }
}
