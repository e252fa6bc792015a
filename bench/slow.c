/*
 * Slow players: they read a stream more slowly than its bitrate, as a phone on a bad line does. They ask for short TCP
 * segments and a small receive buffer, so that the kernel buffers as little for them as for a distant player. On
 * loopback it would buffer megabytes, and players would be slow only after minutes.
 *
 *     cc -O2 -Wall -o slow bench/slow.c
 *     ./slow --port 1935 --stream bench --count 100 --kbps 300 --seconds 30
 *
 * Plays live/STREAM. Ends with one line of JSON: players that got media, those that the server closed, and bytes read.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HANDSHAKE = 1536, SEGMENT = 536, RECEIVE_BUFFER = 16 * 1024, TURN_MS = 50, MEDIA_BYTES = 8192, MOST = 10000 };

struct player {
  int fd;           /* -1 once the server has closed it */
  size_t answered;  /* bytes of S0, S1 and S2 that have come */
  uint64_t read;
  double budget;    /* bytes that it may read now */
  uint8_t answer[1 + 2 * HANDSHAKE];
};

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t count) {
  memcpy(at, bytes, count);
  return at + count;
}

static uint8_t *put_text(uint8_t *at, int marker, const char *text) {
  if (marker) *at++ = 2;
  size_t length = strlen(text);
  *at++ = length >> 8;
  *at++ = length;
  return put(at, text, length);
}

static uint8_t *put_number(uint8_t *at, double number) {
  uint64_t bits;
  memcpy(&bits, &number, 8);
  *at++ = 0;
  for (int shift = 56; shift >= 0; shift -= 8) *at++ = bits >> shift;
  return at;
}

/* A command message of at most 128 bytes: one chunk. */
static uint8_t *put_command(uint8_t *at, uint32_t stream_id, const uint8_t *body, size_t length) {
  uint8_t header[12] = {3, 0, 0, 0, 0, length >> 8, length, 20, stream_id};
  return put(put(at, header, sizeof header), body, length);
}

static void send_commands(int fd, const char *stream) {
  uint8_t out[512], *at = out, body[128], *end;
  end = put_number(put_text(body, 1, "connect"), 1);
  *end++ = 3;
  end = put_text(put_text(end, 0, "app"), 1, "live");
  end = put_text(put_text(end, 0, "tcUrl"), 1, "rtmp://127.0.0.1/live");
  end = put(end, "\0\0\011", 3);
  at = put_command(at, 0, body, end - body);
  end = put_number(put_text(body, 1, "createStream"), 2);
  *end++ = 5;
  at = put_command(at, 0, body, end - body);
  end = put_number(put_text(body, 1, "play"), 0);
  *end++ = 5;
  end = put_text(end, 1, stream);
  at = put_command(at, 1, body, end - body);
  send(fd, out, at - out, MSG_NOSIGNAL);
}

static void begin(struct player *player, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int segment = SEGMENT, buffer = RECEIVE_BUFFER;
  player->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (player->fd < 0) die("socket");
  setsockopt(player->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
  setsockopt(player->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (connect(player->fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  uint8_t hello[1 + HANDSHAKE] = {3};
  send(player->fd, hello, sizeof hello, MSG_NOSIGNAL);
}

/* Reads as much as the budget allows; answers the handshake once it is complete. */
static void go_on(struct player *player, const char *stream) {
  static uint8_t scrap[65536];
  while (player->fd >= 0 && player->budget >= 1) {
    int greeting = player->answered < sizeof player->answer;
    uint8_t *into = greeting ? player->answer + player->answered : scrap;
    size_t room = greeting ? sizeof player->answer - player->answered : sizeof scrap;
    if (room > player->budget) room = player->budget;
    ssize_t count = recv(player->fd, into, room, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      close(player->fd);
      player->fd = -1;
      return;
    }
    player->budget -= count;
    player->read += count;
    if (!greeting) continue;
    player->answered += count;
    if (player->answered < sizeof player->answer) continue;
    send(player->fd, player->answer + 1, HANDSHAKE, MSG_NOSIGNAL);
    send_commands(player->fd, stream);
  }
}

int main(int argc, char **argv) {
  static const struct option options[] = {{"port", 1, 0, 'p'},  {"stream", 1, 0, 's'},  {"count", 1, 0, 'n'},
                                          {"kbps", 1, 0, 'k'}, {"seconds", 1, 0, 't'}, {0, 0, 0, 0}};
  int port = 1935, count = 1;
  double kbps = 300, seconds = 10;
  const char *stream = "bench";
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (option == 'p') port = atoi(optarg);
    else if (option == 's') stream = optarg;
    else if (option == 'n') count = atoi(optarg);
    else if (option == 'k') kbps = atof(optarg);
    else if (option == 't') seconds = atof(optarg);
    else return 2;
  }
  if (count < 1 || count > MOST) return 2;
  struct player *players = calloc(count, sizeof *players);
  if (players == NULL) die("memory");
  double start = seconds_now(), turn = start;
  int begun = 0;
  while (turn - start < seconds) {
    if (begun < count) begin(&players[begun++], port);
    double now = seconds_now(), more = (now - turn) * kbps * 1000 / 8;
    turn = now;
    for (int i = 0; i < begun; i++) {
      /* Unused budget is lost, as a line does not save up bandwidth. */
      players[i].budget = more + (players[i].answered < sizeof players[i].answer ? HANDSHAKE : 0);
      go_on(&players[i], stream);
    }
    usleep(begun < count ? 2000 : TURN_MS * 1000);
  }
  int got = 0, closed = 0;
  uint64_t bytes = 0;
  for (int i = 0; i < count; i++) {
    got += players[i].read > MEDIA_BYTES;
    closed += players[i].fd < 0;
    bytes += players[i].read;
  }
  printf("{\"players\": %d, \"got_media\": %d, \"closed\": %d, \"bytes\": %llu}\n", count, got, closed, (unsigned long long)bytes);
  return 0;
}
