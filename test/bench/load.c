// The load generator where a C compiler is there; load.ts is the same without one, and README.md says what that changes. It trusts what it
// measures no further than it must: every answer's status and length are looked at, every echo is compared.
//   load get|connect|ping|down|up|idle host=H port=P target=NAME ports=A,B connections=N [seconds=S] [size=N] [bytes=N] [rate=N] [fresh=1]
//   the last line of its output is JSON: {"done":N,"failed":N,"bytes":N,"seconds":S,"p50":US,"p99":US,"why":"of the first failure"}
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
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum mode { GET, CONNECT, PING, DOWN, UP, IDLE };
enum state { CLOSED, CONNECTING, TUNNEL_ASKED, READY, HEAD, BODY, ECHO, DOWNLOAD, UPLOAD, RECEIPT };

struct connection {
  int fd;
  enum state state;
  uint32_t watched;
  int answered;  // a request on it was answered: the proxy may close it as idle
  int closes;    // the answer says that it is the last
  int length;    // of what is in `in`
  int64_t left;
  uint64_t began;
  char in[8192];
};

enum { PING_BYTES = 64, BLOCK = 512 << 10, SINK = 1 << 20, MOST_OPENING = 64, MOST_TIMES = 4 << 20 };

static const char *const MODES[] = {"get", "connect", "ping", "down", "up", "idle"};
static enum mode mode;
static const char *target, *why = "";
static int epoll, count, port, origins[16], origin_count, fresh, told;
static long size, done, failed, alive, opened, turn, nth;
static int64_t bytes, moved;
static double rate;
static uint64_t end;
static char request[1024], ping[PING_BYTES], block[BLOCK], reason[128];
static int request_length;
static struct in_addr host;
static struct connection *all;
static uint32_t *times;
static long time_count;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static const char *option(int argc, char **argv, const char *name, const char *otherwise) {
  size_t length = strlen(name);
  for (int i = 2; i < argc; i++)
    if (!strncmp(argv[i], name, length) && argv[i][length] == '=') return argv[i] + length + 1;
  return otherwise;
}

static void leave(struct connection *c) {
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  c->state = CLOSED;
}

static void over(struct connection *c) {
  leave(c);
  alive--;
}

static void fail(struct connection *c, const char *what) {
  if (failed++ == 0) {
    int status = c->state == HEAD || c->state == TUNNEL_ASKED ? 12 : 0;
    snprintf(reason, sizeof reason, "%s (%s) %.*s", what, errno ? strerror(errno) : "no error", c->length < status ? c->length : status, c->in);
    why = reason;
  }
  over(c);
}

static void watch(struct connection *c, uint32_t events) {
  if (c->watched == events) return;
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
  c->watched = events;
}

static void dial(struct connection *c) {
  int one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = host};
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  c->state = CONNECTING;
  c->length = c->answered = c->closes = 0;
  if (c->fd < 0) return fail(c, "socket");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, (void *)&address, sizeof address) && errno != EINPROGRESS) return fail(c, "connect");
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
  c->watched = EPOLLOUT;
  epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void say(struct connection *c, const char *text, int length) {
  errno = 0;
  if (send(c->fd, text, (size_t)length, MSG_NOSIGNAL) != length) fail(c, "send");
}

static void ask(struct connection *c) {
  c->state = HEAD;
  c->length = 0;
  say(c, request, request_length);
}

static void echo(struct connection *c) {
  c->state = ECHO;
  c->left = PING_BYTES;
  say(c, ping, PING_BYTES);
}

static void next(struct connection *c) {
  c->began = now();
  dial(c);
}

// One operation is over; the connection goes on to the next, a new one takes its place, or time is up.
static void finish(struct connection *c) {
  uint64_t at = now(), took = at - c->began;
  done++;
  if (time_count < MOST_TIMES) times[time_count++] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
  if (mode == DOWN || mode == UP) return over(c);
  if (mode == IDLE) {
    c->state = READY;
    return;
  }
  int last = mode == CONNECT || fresh || c->closes;
  if (rate > 0 && !last) {
    c->state = READY;
    c->answered = 1;
    return;
  }
  if (at >= end) return over(c);
  if (last) {
    leave(c);
    return next(c);
  }
  c->answered = 1;
  c->began = at;
  if (mode == GET) ask(c);
  else echo(c);
}

static void upload(struct connection *c) {
  while (c->left > 0) {
    ssize_t sent = send(c->fd, block, c->left < BLOCK ? (size_t)c->left : BLOCK, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return watch(c, EPOLLOUT);
    if (sent < 0) return fail(c, "upload");
    c->left -= sent;
    moved += sent;
  }
  c->state = RECEIPT;
  c->left = 3;
  watch(c, EPOLLIN);
}

static void tunnel(struct connection *c) {
  char order[32];
  if (mode == PING) c->began = now();
  if (mode == CONNECT || mode == PING || mode == IDLE) return echo(c);
  int length = snprintf(order, sizeof order, "%c%lld\n", mode == DOWN ? 'D' : 'U', (long long)bytes);
  c->state = mode == DOWN ? DOWNLOAD : UPLOAD;
  c->left = bytes;
  say(c, order, length);
  if (c->state == UPLOAD) upload(c);
}

static void connected(struct connection *c) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length);
  errno = error;
  if (error) return fail(c, "connect");
  watch(c, EPOLLIN);
  if (mode == GET && rate > 0) {
    c->state = READY;
    return;
  }
  if (mode == GET) return ask(c);
  char text[512];
  int to = origins[nth++ % origin_count];
  int written = snprintf(text, sizeof text, "CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: bench\r\n\r\n", target, to, target, to);
  c->state = TUNNEL_ASKED;
  say(c, text, written);
}

// The head so far; its end, or NULL while it is incomplete or when the connection failed.
static char *head(struct connection *c) {
  errno = 0;
  ssize_t got = recv(c->fd, c->in + c->length, sizeof c->in - 1 - (size_t)c->length, 0);
  if (got < 0 && errno == EAGAIN) return NULL;
  if (got <= 0 && c->answered && c->length == 0) {
    // closed as idle while the request was on its way: what every client lives with
    leave(c);
    dial(c);
    return NULL;
  }
  if (got <= 0) {
    fail(c, "closed before an answer");
    return NULL;
  }
  c->length += (int)got;
  c->in[c->length] = 0;
  char *found = strstr(c->in, "\r\n\r\n");
  if (!found && c->length == sizeof c->in - 1) fail(c, "a head without end");
  if (found && (strncmp(c->in, "HTTP/1.", 7) || strncmp(c->in + 9, "200", 3))) {
    fail(c, "answered");
    return NULL;
  }
  return found;
}

static void took_body(struct connection *c, int64_t octets) {
  moved += octets;
  c->left -= octets;
  if (c->left < 0) fail(c, "more than the answer's length");
  else if (c->left == 0) finish(c);
  else c->state = BODY;
}

static void answer(struct connection *c) {
  char *found = head(c);
  if (!found) return;
  *found = 0;
  c->closes = strcasestr(c->in, "\nconnection: close") || (c->in[7] == '0' && !strcasestr(c->in, "\nconnection: keep-alive"));
  char *length = strcasestr(c->in, "\ncontent-length:");
  if (!length && !c->closes) return fail(c, "an answer without length");
  if (length && atol(length + 16) != size) return fail(c, "an answer of another length");
  c->left = size;
  took_body(c, c->in + c->length - (found + 4));
}

static void readable(struct connection *c) {
  static char sink[256 << 10];
  char *found;
  ssize_t got;
  errno = 0;
  switch (c->state) {
  case TUNNEL_ASKED:
    found = head(c);
    if (found && found + 4 != c->in + c->length) fail(c, "octets before the first of the tunnel");
    else if (found) tunnel(c);
    return;
  case HEAD: return answer(c);
  case BODY:
    got = recv(c->fd, sink, sizeof sink, 0);
    if (got <= 0) return fail(c, "cut within an answer");
    return took_body(c, got);
  case ECHO:
    got = recv(c->fd, sink, sizeof sink, 0);
    if (got <= 0 || got > c->left || memcmp(sink, ping + PING_BYTES - c->left, (size_t)got)) return fail(c, "another echo");
    moved += got;
    c->left -= got;
    if (c->left == 0) finish(c);
    return;
  case DOWNLOAD:
    // MSG_TRUNC: the kernel counts and throws away, so that copying costs the proxy's side alone
    for (int i = 0; i < 8 && c->left > 0; i++) {
      got = recv(c->fd, NULL, SINK, MSG_TRUNC);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0 || got > c->left) return fail(c, "a download of another length");
      c->left -= got;
      moved += got;
    }
    if (c->left == 0) finish(c);
    return;
  case RECEIPT:
    got = recv(c->fd, sink, sizeof sink, 0);
    if (got <= 0) return fail(c, "no receipt");
    c->left -= got;
    if (c->left == 0) finish(c);
    return;
  case READY:
    got = recv(c->fd, sink, sizeof sink, 0);
    if (mode != GET || got > 0) return fail(c, "ended while idle");
    leave(c);
    return dial(c);
  default: return;
  }
}

// Open loop: a request is due at its time, whether or not the one before was answered.
static void due(int timer) {
  uint64_t times_due = 0;
  if (read(timer, &times_due, sizeof times_due) < 0 || now() >= end) return;
  for (; times_due > 0; times_due--)
    for (int k = 0; k < count; k++) {
      struct connection *c = &all[turn++ % count];
      if (c->state != READY) continue;
      c->began = now();
      ask(c);
      break;
    }
}

static int waiting(void) {
  int n = 0;
  for (int i = 0; i < count; i++) n += all[i].state != CLOSED && all[i].state != READY;
  return n;
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static double percentile(double p) {
  return time_count == 0 ? 0 : times[(long)(p * (double)(time_count - 1))] / 1000.0;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  for (int i = 0; i < 6; i++)
    if (argc > 1 && !strcmp(argv[1], MODES[i])) mode = (enum mode)i;
  inet_pton(AF_INET, option(argc, argv, "host", "127.0.0.1"), &host);
  port = atoi(option(argc, argv, "port", "0"));
  target = option(argc, argv, "target", "localhost");
  for (const char *at = option(argc, argv, "ports", ""); *at && origin_count < 16; at += strcspn(at, ","), at += *at == ',') origins[origin_count++] = atoi(at);
  count = atoi(option(argc, argv, "connections", "1"));
  size = atol(option(argc, argv, "size", "1024"));
  bytes = atoll(option(argc, argv, "bytes", "0"));
  rate = atof(option(argc, argv, "rate", "0"));
  fresh = atoi(option(argc, argv, "fresh", "0"));
  double seconds = atof(option(argc, argv, "seconds", "1"));
  if (!origin_count || count < 1) return fprintf(stderr, "load: see the head of load.c\n"), 2;

  request_length = snprintf(request, sizeof request,
    "GET http://%s:%d/%ld HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\nCookie: sid=0123456789abcdef0123456789abcdef\r\n%s\r\n", target, origins[0], size, target, origins[0], fresh ? "Connection: close\r\n" : "");
  for (int i = 0; i < PING_BYTES; i++) ping[i] = i == 0 ? 'P' : (char)('a' + i % 26);
  memset(block, 'u', sizeof block);
  times = malloc(MOST_TIMES * sizeof *times);
  all = calloc((size_t)count, sizeof *all);
  for (int i = 0; i < count; i++) all[i].fd = -1;
  epoll = epoll_create1(EPOLL_CLOEXEC);

  uint64_t start = now(), patience = 15000000000u;
  end = start + (uint64_t)(seconds * 1e9);
  if (mode == IDLE || mode == DOWN || mode == UP) patience = 120000000000u;
  int timer = -1;
  if (rate > 0) {
    long interval = (long)(1e9 / rate);
    struct itimerspec every = {{interval / 1000000000, interval % 1000000000}, {0, 200000000}};  // connections open first
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    timerfd_settime(timer, 0, &every, NULL);
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
  }
  struct epoll_event events[512];
  long expected = count;
  for (;;) {
    // many at once would measure the listener's backlog
    while (opened < count && (mode != IDLE || opened - done - failed < MOST_OPENING)) {
      alive++;
      next(&all[opened++]);
    }
    if (mode == IDLE && opened == count && done + failed >= expected) {
      if (told) break;
      char line[16];
      told = 1;
      printf("ready %ld\n", done);
      fflush(stdout);
      if (!fgets(line, sizeof line, stdin)) return 1;
      patience += now() - start;
      done = 0;
      expected = failed + alive;
      for (int i = 0; i < count; i++)
        if (all[i].state == READY) echo(&all[i]);
      continue;
    }
    if (alive == 0 && opened == count && mode != IDLE) break;
    if (rate > 0 && now() >= end && !waiting()) break;
    if (now() > end + patience) {
      for (int i = 0; i < count; i++)
        if (all[i].state != CLOSED && (rate == 0 || all[i].state != READY)) fail(&all[i], "no answer in time");
      break;
    }
    int n = epoll_wait(epoll, events, 512, 100);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (!c) due(timer);
      else if (c->state == CONNECTING) connected(c);
      else if (c->state == UPLOAD && events[i].events & (EPOLLERR | EPOLLHUP)) fail(c, "an upload was cut");
      else if (c->state == UPLOAD) upload(c);
      else if (c->fd >= 0) readable(c);
    }
  }
  qsort(times, (size_t)time_count, sizeof *times, ascending);
  for (char *at = reason; *at; at++)
    if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ' || (unsigned char)*at > '~') *at = '.';
  printf("{\"done\":%ld,\"failed\":%ld,\"bytes\":%lld,\"seconds\":%.4f,\"p50\":%.1f,\"p99\":%.1f,\"why\":\"%s\"}\n", done, failed, (long long)moved, (double)(now() - start) / 1e9, percentile(0.5), percentile(0.99), why);
  return 0;
}
