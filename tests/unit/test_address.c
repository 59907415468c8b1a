/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	bool loopback_name, literal, loopback_literal;
} names[] = {
    {"localhost", true, false, false},
    {"LocalHost", true, false, false},
    {"localhost.", true, false, false},
    {"a.localhost", true, false, false},
    {"a.b.LOCALHOST.", true, false, false},
    {"", false, false, false},
    {".", false, false, false},
    {"..", false, false, false},
    {".localhost", false, false, false},
    {"localhost..", false, false, false},
    {"localhost.example", false, false, false},
    {"alocalhost", false, false, false},
    {"my-localhost", false, false, false},
    {"localhos", false, false, false},
    {"localhost ", false, false, false},
    {"example.com", false, false, false},
    {"127.0.0.1", false, true, true},
    {"127.255.255.254", false, true, true},
    {"128.0.0.1", false, true, false},
    {"126.255.255.255", false, true, false},
    {"0.0.0.0", false, true, false},
    {"192.168.1.2", false, true, false},
    {"::1", false, true, true},
    {"0:0:0:0:0:0:0:1", false, true, true},
    {"::", false, true, false},
    {"::2", false, true, false},
    {"1::1", false, true, false},
    {"::ffff:127.0.0.1", false, true, true},
    {"::FFFF:7f01:203", false, true, true},
    {"::ffff:10.0.0.1", false, true, false},
    {"::127.0.0.1", false, true, false},
    {"fe80::1", false, true, false},
    {"[::1]", false, false, false},
    {"fe80::1%lo", false, false, false},
    {"127.0.0.1.", false, false, false},
    {"127.1", false, false, false},
    {"2130706433", false, false, false},
    {"0x7f.0.0.1", false, false, false},
    {"127.0.0.1.example.com", false, false, false},
    {"127.0.0.256", false, false, false},
    {" 127.0.0.1", false, false, false},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", false, true, false},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555", false, false, false},
};

START_TEST(names_and_addresses)
{
	const char *name = names[_i].name;
	size_t len = strlen(name);

	ck_assert_msg(
	    address_loopback_name(name, len) == names[_i].loopback_name, "%s",
	    name);
	ck_assert_msg(
	    address_literal(name, len) == names[_i].literal, "%s", name);
	ck_assert_msg(
	    address_loopback_literal(name, len) == names[_i].loopback_literal,
	    "%s", name);
}
END_TEST

/* The text is not a C string: what stands behind it does not count, and a NUL
 * within does not end it. */
START_TEST(length_counts)
{
	ck_assert(address_loopback_name("localhostile", 9));
	ck_assert(address_loopback_literal("127.0.0.123", 9));
	ck_assert(!address_literal("127.0.0.1", 6));
	ck_assert(!address_loopback_name("localhost", 8));
	ck_assert(!address_literal("127.0.0.1\0.example.com", 22));
	ck_assert(!address_loopback_literal("::1\0", 4));
	ck_assert(!address_loopback_name("localhost\0", 10));
}
END_TEST

static bool
loopback4(const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};

	ck_assert_int_eq(inet_pton(AF_INET, text, &in.sin_addr), 1);
	return address_loopback((const struct sockaddr *)&in);
}

static bool
loopback6(const char *text)
{
	struct sockaddr_in6 in = {.sin6_family = AF_INET6};

	ck_assert_int_eq(inet_pton(AF_INET6, text, &in.sin6_addr), 1);
	return address_loopback((const struct sockaddr *)&in);
}

START_TEST(socket_addresses)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr unknown = {.sa_family = AF_UNSPEC};

	ck_assert(loopback4("127.0.0.1"));
	ck_assert(loopback4("127.9.9.9"));
	ck_assert(!loopback4("0.0.0.0"));
	ck_assert(!loopback4("10.0.0.127"));
	ck_assert(loopback6("::1"));
	ck_assert(loopback6("::ffff:127.0.0.1"));
	ck_assert(!loopback6("::"));
	ck_assert(!loopback6("::ffff:1.2.3.4"));
	ck_assert(address_loopback((const struct sockaddr *)&un));
	ck_assert(!address_loopback(&unknown));
}
END_TEST

static struct sockaddr_storage
at(int family, const char *text, int port)
{
	struct sockaddr_storage to = {0};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	in.sin_port = in6.sin6_port = htons((uint16_t)port);
	if (family == AF_INET) {
		ck_assert_int_eq(inet_pton(family, text, &in.sin_addr), 1);
		memcpy(&to, &in, sizeof in);
	} else if (family == AF_INET6) {
		ck_assert_int_eq(inet_pton(family, text, &in6.sin6_addr), 1);
		memcpy(&to, &in6, sizeof in6);
	} else {
		(void)snprintf(un.sun_path, sizeof un.sun_path, "%s", text);
		memcpy(&to, &un, sizeof un);
	}
	return to;
}

START_TEST(same_places)
{
	const struct {
		struct sockaddr_storage address;
		int port; /* the same number, the same port */
	} all[] = {
	    {at(AF_INET, "127.0.0.1", 80), 1},
	    {at(AF_INET, "127.0.0.1", 81), 2},
	    {at(AF_INET, "0.0.0.0", 80), 1},
	    {at(AF_INET6, "::1", 80), 3},
	    {at(AF_INET6, "::1", 81), 4},
	    {at(AF_INET6, "::", 80), 3},
	    {at(AF_UNIX, "/a", 0), 0},
	    {at(AF_UNIX, "/ab", 0), 0},
	};
	struct sockaddr_storage a, b, nothing = {0}, nameless = {0};
	size_t i, k;

	for (i = 0; i < COUNT(all) * COUNT(all); i++) {
		k = i / COUNT(all);
		a = all[i % COUNT(all)].address;
		b = all[k].address;
		ck_assert_int_eq(address_same((const struct sockaddr *)&a,
				     (const struct sockaddr *)&b),
		    i % COUNT(all) == k);
		ck_assert_int_eq(address_same_port((const struct sockaddr *)&a,
				     (const struct sockaddr *)&b),
		    all[k].port != 0 &&
			all[i % COUNT(all)].port == all[k].port);
	}
	nameless.ss_family = AF_UNIX;
	ck_assert(!address_same((const struct sockaddr *)&nothing,
	    (const struct sockaddr *)&nothing));
	ck_assert(!address_same((const struct sockaddr *)&nameless,
	    (const struct sockaddr *)&nameless));
}
END_TEST

static int
bound(const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(inet_pton(AF_INET, text, &in.sin_addr), 1);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&in, sizeof in), 0);
	return fd;
}

START_TEST(reachable_descriptors)
{
	int fds[2];

	ck_assert(!address_fd_reachable(bound("127.0.0.1")));
	ck_assert(address_fd_reachable(bound("0.0.0.0")));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert(!address_fd_reachable(fds[0]));
	aid_pipe(fds);
	ck_assert(!address_fd_reachable(fds[0]));
	ck_assert(!address_fd_reachable(open("/dev/null", O_RDONLY)));
	ck_assert(!address_fd_reachable(-1));
}
END_TEST

static const char *
peer_of(int fd)
{
	static char peer[64];

	memset(peer, '?', sizeof peer);
	address_fd_peer(fd, peer, sizeof peer);
	return peer;
}

/* A client that connects to the port of a socket bound to `here`, by the other
 * address; as the server sees it. */
static const char *
peer_by(struct sockaddr_storage here, struct sockaddr_storage by)
{
	int listening = socket(here.ss_family, SOCK_STREAM, 0), off = 0;
	int client = socket(by.ss_family, SOCK_STREAM, 0);
	socklen_t len = here.ss_family == AF_INET ? sizeof(struct sockaddr_in)
	                                          : sizeof(struct sockaddr_in6);
	struct sockaddr_in six_or_four;

	(void)setsockopt(
	    listening, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	ck_assert_int_eq(
	    bind(listening, (const struct sockaddr *)&here, len), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	ck_assert_int_eq(
	    getsockname(listening, (struct sockaddr *)&here, &len), 0);
	/* The port is at the same place in both. */
	memcpy(&six_or_four, &here, sizeof six_or_four);
	memcpy((char *)&by + offsetof(struct sockaddr_in, sin_port),
	    &six_or_four.sin_port, sizeof six_or_four.sin_port);
	len = by.ss_family == AF_INET ? sizeof(struct sockaddr_in)
	                              : sizeof(struct sockaddr_in6);
	ck_assert_int_eq(connect(client, (const struct sockaddr *)&by, len), 0);
	return peer_of(accept(listening, NULL, NULL));
}

static const char *
user_of(int fd)
{
	static char user[64];

	memset(user, '?', sizeof user);
	address_fd_user(fd, user, sizeof user);
	return user;
}

/* Where the system tells it. */
START_TEST(users)
{
	char want[64] = "";
	int fds[2];

#if defined(CCP_LINUX)
	(void)snprintf(want, sizeof want, "uid %lu, pid %ld",
	    (unsigned long)geteuid(), (long)getpid());
#elif defined(HAVE_GETPEEREID)
	(void)snprintf(want, sizeof want, "uid %lu", (unsigned long)geteuid());
#endif
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_str_eq(user_of(fds[0]), want);
	(void)close(fds[0]);
	(void)close(fds[1]);
	ck_assert_str_eq(user_of(-1), "");
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_str_eq(user_of(fds[0]), "");
	(void)close(fds[0]);
}
END_TEST

START_TEST(peers)
{
	const struct sockaddr_storage four = at(AF_INET, "127.0.0.1", 0);
	const struct sockaddr_storage six = at(AF_INET6, "::1", 0);
	const struct sockaddr_storage both = at(AF_INET6, "::", 0);
	int fds[2];

	ck_assert_str_eq(peer_by(four, four), "127.0.0.1");
	ck_assert_str_eq(peer_by(six, six), "::1");
	ck_assert_str_eq(peer_by(both, four), "127.0.0.1");
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_str_eq(peer_of(fds[0]), "unix");
	aid_pipe(fds);
	ck_assert_str_eq(peer_of(fds[0]), "");
	ck_assert_str_eq(peer_of(-1), "");
}
END_TEST

Suite *
suite_address(void)
{
	Suite *s = suite_create("address");
	TCase *t = tcase_create("address");

	tcase_add_loop_test(t, names_and_addresses, 0, (int)COUNT(names));
	tcase_add_test(t, length_counts);
	tcase_add_test(t, socket_addresses);
	tcase_add_test(t, same_places);
	tcase_add_test(t, reachable_descriptors);
	tcase_add_test(t, peers);
	tcase_add_test(t, users);
	suite_add_tcase(s, t);
	return s;
}
