/*
 * The ideal sender: the cost of a fan-out that does nothing but send. It admits RTMP players, answers the three
 * requests that they need to start, ignores all else, and sends the same bytes to each player once a batch.
 * Its cost is the kernel's; what a server costs beyond this is the server's own.
 *
 *     cc -O2 -Wall -o ideal bench/ideal.c
 *     ./ideal --port 1936 --kbps 660 --batch-ms 350 --seconds 30 [--clients 3000]
 *
 * With --clients, the seconds begin when that many players play. Ends with one line of JSON: CPU time (user and system) of these
 * seconds, sends, bytes, sends that the kernel accepted only in part, and batches that players missed because of those.
 * A batch is one video message of random-looking bytes, a key frame by its header, for any application and stream name.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
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
#include <time.h>
#include <unistd.h>

enum { HANDSHAKE = 1536, HEADER = 12, BACKLOG = 4096, EVENTS = 512, READ_BYTES = 65536, MAX_FRAME = 0xffffff };

struct client {
  int fd;
  int greeted;     /* S0, S1 and S2 have been sent */
  int to_ignore;   /* bytes of C0 and C1, then of C2, still to come */
  size_t unsent;   /* bytes at the end of the batch that the kernel has not taken yet */
  int waiting;     /* for the kernel to take them */
  int slot;        /* in the list of those who play; -1 before */
};

static struct client **playing;
static int playing_count, playing_room;
static int connected;
static int epoll;
static uint8_t *batch;
static size_t batch_bytes;
static uint64_t sends, sent_bytes, short_sends, missed;
static volatile sig_atomic_t stopped;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void *allocate(size_t size) {
  void *memory = calloc(1, size);
  if (memory == NULL) die("memory");
  return memory;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void on_signal(int signal) {
  (void)signal;
  stopped = 1;
}

/* ---- bytes ---- */

static void put24(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 16);
  at[1] = (uint8_t)(value >> 8);
  at[2] = (uint8_t)value;
}

/* A type-0 chunk header (RTMP 1.0, 5.3.1.2.1) of a message that is not split. */
static void put_header(uint8_t *at, int chunk_stream, uint32_t time, size_t length, int type, int stream) {
  at[0] = (uint8_t)chunk_stream;
  put24(at + 1, time & 0x7fffff);
  put24(at + 4, (uint32_t)length);
  at[7] = (uint8_t)type;
  at[8] = (uint8_t)stream;
  at[9] = at[10] = at[11] = 0;
}

static size_t put_string(uint8_t *at, const char *text) {
  size_t length = strlen(text);
  at[0] = 2;
  at[1] = (uint8_t)(length >> 8);
  at[2] = (uint8_t)length;
  memcpy(at + 3, text, length);
  return 3 + length;
}

static size_t put_property(uint8_t *at, const char *name, const char *value) {
  size_t length = strlen(name);
  at[0] = (uint8_t)(length >> 8);
  at[1] = (uint8_t)length;
  memcpy(at + 2, name, length);
  return 2 + length + put_string(at + 2 + length, value);
}

/* AMF0 (2.2, 2.7, 2.11). */
static const uint8_t number_1[9] = {0, 0x3f, 0xf0}, number_0[9] = {0}, null = 5, object_end[3] = {0, 0, 9};

static size_t put(uint8_t *at, const void *bytes, size_t length) {
  memcpy(at, bytes, length);
  return length;
}

/* ---- answers to players ---- */

/* Answers are short: a new connection's buffer has room for them. */
static void tell(struct client *client, const uint8_t *bytes, size_t length) {
  if (send(client->fd, bytes, length, MSG_NOSIGNAL) < 0 && errno == EAGAIN) fprintf(stderr, "an answer did not fit\n");
}

static void tell_command(struct client *client, int stream, uint8_t *message, size_t length) {
  put_header(message, 3, 0, length - HEADER, 20, stream);
  tell(client, message, length);
}

static size_t put_status(uint8_t *at, const char *code) {
  size_t length = 0;
  at[length++] = 3;
  length += put_property(at + length, "level", "status");
  length += put_property(at + length, "code", code);
  length += put_property(at + length, "description", "ideal");
  length += put(at + length, object_end, sizeof object_end);
  return length;
}

static void answer_connect(struct client *client) {
  /* Set Chunk Size comes first, so that no message after it is split. */
  static const uint8_t chunk_size[HEADER + 4] = {2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff};
  uint8_t message[512];
  size_t length = HEADER;
  tell(client, chunk_size, sizeof chunk_size);
  length += put_string(message + length, "_result");
  length += put(message + length, number_1, sizeof number_1);
  length += put(message + length, &null, 1);
  length += put_status(message + length, "NetConnection.Connect.Success");
  tell_command(client, 0, message, length);
}

static void answer_create(struct client *client, const uint8_t *transaction) {
  uint8_t message[128];
  size_t length = HEADER;
  length += put_string(message + length, "_result");
  length += put(message + length, transaction, 9);
  length += put(message + length, &null, 1);
  length += put(message + length, number_1, sizeof number_1);
  tell_command(client, 0, message, length);
}

static void answer_play(struct client *client) {
  uint8_t message[256];
  size_t length = HEADER;
  length += put_string(message + length, "onStatus");
  length += put(message + length, number_0, sizeof number_0);
  length += put(message + length, &null, 1);
  length += put_status(message + length, "NetStream.Play.Start");
  tell_command(client, 1, message, length);
  if (playing_count == playing_room) {
    playing_room = playing_room == 0 ? 1024 : playing_room * 2;
    playing = realloc(playing, (size_t)playing_room * sizeof *playing);
    if (playing == NULL) die("memory");
  }
  client->slot = playing_count;
  playing[playing_count++] = client;
}

/* Requests are found by their names only. One that is split between two reads is missed, which does not happen on loopback. */
static void hear(struct client *client, const uint8_t *bytes, size_t length) {
  static const uint8_t create[] = "\x02\x00\x0c" "createStream";
  static const uint8_t play[] = "\x02\x00\x04" "play";
  static const uint8_t connect[] = "\x02\x00\x07" "connect";
  if (client->slot >= 0) return;
  if (memmem(bytes, length, connect, sizeof connect - 1) != NULL) answer_connect(client);
  const uint8_t *found = memmem(bytes, length, create, sizeof create - 1);
  if (found != NULL && found + sizeof create - 1 + 9 <= bytes + length) answer_create(client, found + sizeof create - 1);
  if (memmem(bytes, length, play, sizeof play - 1) != NULL) answer_play(client);
}

/* ---- sockets ---- */

static void drop(struct client *client) {
  if (client->slot >= 0) {
    struct client *last = playing[--playing_count];
    playing[client->slot] = last;
    last->slot = client->slot;
  }
  close(client->fd);
  free(client);
  connected--;
}

static void watch(struct client *client, int waiting) {
  struct epoll_event event = {.events = EPOLLIN | (waiting ? EPOLLOUT : 0), .data.ptr = client};
  client->waiting = waiting;
  if (epoll_ctl(epoll, EPOLL_CTL_MOD, client->fd, &event) < 0) die("epoll_ctl");
}

/* Sends the last `length` bytes of the batch. A broken connection is found by the next read. */
static void send_rest(struct client *client, size_t length) {
  ssize_t took = send(client->fd, batch + batch_bytes - length, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  sends++;
  if (took < 0) took = 0;
  sent_bytes += (uint64_t)took;
  client->unsent = length - (size_t)took;
  if (client->unsent > 0) short_sends++;
  if ((client->unsent > 0) != client->waiting) watch(client, client->unsent > 0);
}

static void send_batch(uint32_t time_ms) {
  put_header(batch, 6, time_ms, batch_bytes - HEADER, 9, 1);
  for (int i = 0; i < playing_count; i++) {
    if (playing[i]->unsent > 0) missed++;
    else send_rest(playing[i], batch_bytes);
  }
}

static void greet(struct client *client) {
  static uint8_t answer[1 + 2 * HANDSHAKE] = {3};
  client->greeted = 1;
  client->to_ignore = HANDSHAKE;
  tell(client, answer, sizeof answer);
}

static void take(struct client *client) {
  static uint8_t bytes[READ_BYTES];
  ssize_t got = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    drop(client);
    return;
  }
  size_t at = 0, length = (size_t)got;
  while (client->to_ignore > 0 && at < length) {
    size_t ignored = length - at < (size_t)client->to_ignore ? length - at : (size_t)client->to_ignore;
    at += ignored;
    client->to_ignore -= (int)ignored;
    if (client->to_ignore == 0 && !client->greeted) greet(client);
  }
  if (at < length) hear(client, bytes + at, length - at);
}

static void let_in(int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
      die("accept");
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct client *client = allocate(sizeof *client);
    *client = (struct client){.fd = fd, .to_ignore = 1 + HANDSHAKE, .slot = -1};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
    connected++;
  }
}

static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0) die("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  if (listen(fd, BACKLOG) < 0) die("listen");
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
  return fd;
}

/* ---- the run ---- */

struct plan {
  int port, kbps, batch_ms, seconds, clients;
};

static int whole_number(const char *name, const char *text, int least, int most) {
  char *end;
  long value = strtol(text, &end, 10);
  if (*text == 0 || *end != 0 || value < least || value > most) {
    fprintf(stderr, "--%s %s is not a whole number from %d to %d\n", name, text, least, most);
    exit(1);
  }
  return (int)value;
}

static struct plan read_plan(int argc, char **argv) {
  static const struct option options[] = {{"port", 1, 0, 'p'},    {"kbps", 1, 0, 'k'},    {"batch-ms", 1, 0, 'b'},
                                          {"seconds", 1, 0, 's'}, {"clients", 1, 0, 'c'}, {0}};
  struct plan plan = {.port = 1936, .kbps = 600, .batch_ms = 350, .seconds = 30, .clients = 0};
  int option;
  while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
    if (option == 'p') plan.port = whole_number("port", optarg, 1, 65535);
    else if (option == 'k') plan.kbps = whole_number("kbps", optarg, 1, 1000000);
    else if (option == 'b') plan.batch_ms = whole_number("batch-ms", optarg, 1, 60000);
    else if (option == 's') plan.seconds = whole_number("seconds", optarg, 1, 86400);
    else if (option == 'c') plan.clients = whole_number("clients", optarg, 0, 1000000);
    else exit(1);
  }
  return plan;
}

static void make_batch(const struct plan *plan) {
  static const uint8_t head[5] = {0x17, 1}; /* H.264, key frame (FLV 10.1, E.4.3) */
  size_t bytes = (size_t)((double)plan->kbps * plan->batch_ms / 8);
  if (bytes < HEADER + sizeof head) bytes = HEADER + sizeof head;
  if (bytes > HEADER + MAX_FRAME) {
    fprintf(stderr, "a batch of %zu bytes does not fit one message\n", bytes);
    exit(1);
  }
  batch_bytes = bytes;
  batch = allocate(batch_bytes);
  uint32_t random = 1;
  for (size_t i = HEADER; i < batch_bytes; i++) {
    random = random * 1664525u + 1013904223u;
    batch[i] = (uint8_t)(random >> 24);
  }
  memcpy(batch + HEADER, head, sizeof head);
}

static void serve(int listener, double until) {
  struct epoll_event events[EVENTS];
  double left = until - seconds_now();
  int count = epoll_wait(epoll, events, EVENTS, left <= 0 ? 0 : (int)(left * 1000) + 1);
  if (count < 0 && errno != EINTR) die("epoll_wait");
  for (int i = 0; i < count; i++) {
    struct client *client = events[i].data.ptr;
    if (client == NULL) {
      let_in(listener);
      continue;
    }
    if ((events[i].events & EPOLLOUT) && client->unsent > 0) send_rest(client, client->unsent);
    if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) take(client);
  }
}

static void run(const struct plan *plan, int listener) {
  double began = 0, cpu_began = 0, step = plan->batch_ms / 1000.0;
  double start = seconds_now(), next = start + step;
  uint64_t batches = 0;
  while (!stopped) {
    double now = seconds_now();
    if (began == 0 && playing_count >= plan->clients) {
      began = now;
      cpu_began = cpu_seconds();
      batches = sends = sent_bytes = short_sends = missed = 0;
    }
    if (began > 0 && now >= began + plan->seconds) break;
    if (now >= next) {
      send_batch((uint32_t)((next - start) * 1000));
      batches++;
      /* Further batches that are already due are skipped, not made up for. */
      while (next <= now) next += step;
    }
    double end = began > 0 ? began + plan->seconds : next;
    serve(listener, end < next ? end : next);
  }
  double took = began > 0 ? seconds_now() - began : 0, cpu = cpu_seconds() - cpu_began;
  printf("{\"clients\":%d,\"connected\":%d,\"seconds\":%.3f,\"cpuSeconds\":%.3f,\"cpuPercent\":%.2f,\"batches\":%llu,"
         "\"batchBytes\":%zu,\"sends\":%llu,\"bytes\":%llu,\"shortSends\":%llu,\"missedBatches\":%llu}\n",
         playing_count, connected, took, cpu, took > 0 ? 100 * cpu / took : 0, (unsigned long long)batches, batch_bytes,
         (unsigned long long)sends, (unsigned long long)sent_bytes, (unsigned long long)short_sends,
         (unsigned long long)missed);
}

int main(int argc, char **argv) {
  struct plan plan = read_plan(argc, argv);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) die("epoll_create1");
  make_batch(&plan);
  run(&plan, listen_on(plan.port));
  return 0;
}
