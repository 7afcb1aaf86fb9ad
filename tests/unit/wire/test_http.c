/* RFC 9112 and 9110 by section: what is a request, and what is refused and why. Each case is run
 * whole, byte by byte, and cut in two at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "http_script.h"
#include "ws_script.h"

static const struct http_limits limits = {16384, 100, 65536};
/* 40 bytes of head, 2 fields, 8 of body */
static const struct http_limits tight = {40, 2, 8};

struct http_case {
    const char *name, *text;
    size_t n;
    const char *expected;
    const struct http_limits *limits;
};
#define C(name, text, expected)                         \
    {                                                   \
        name, text, sizeof(text) - 1, expected, &limits \
    }
#define T(name, text, expected)                        \
    {                                                  \
        name, text, sizeof(text) - 1, expected, &tight \
    }

#define GET     "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST    "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const struct http_case cases[] = {
    /* 2.2: lines */
    C("2.2 a request", GET "\r\n", "GET /"),
    C("2.2 nothing", "", ""),
    C("2.2 one empty line before", "\r\n" GET "\r\n", "GET /"),
    C("2.2 only an empty line", "\r\n", ""),
    C("2.2 two empty lines before", "\r\n\r\n" GET "\r\n", "!400 EMPTY_LINES"),
    C("2.2 an empty line before each", "\r\n" GET "\r\n\r\n" GET "\r\n", "GET / GET /"),
    C("2.2 an empty line without CR before", "\n" GET "\r\n", "!400 BARE_LF"),
    C("2.2 LF for CRLF", "GET / HTTP/1.1\nHost: a\n\n", "!400 BARE_LF"),
    C("2.2 LF for CRLF in a field", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "!400 BARE_LF"),
    C("2.2 LF for CRLF at the end", GET "\n", "!400 BARE_LF"),
    C("2.2 CR in the request line", "GET /\r HTTP/1.1\r\n\r\n", "!400 BARE_CR"),
    C("2.2 CR in a field", GET "X: a\rb\r\n\r\n", "!400 BARE_CR"),
    C("2.2 CR CR LF", GET "X: a\r\r\n\r\n", "!400 BARE_CR"),
    C("2.2 CR at the end", GET "\rX", "!400 BARE_CR"),
    C("2.2 space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "!400 FOLD"),
    C("2.2 garbage", "\x16\x03\x01\x02", "!400 CONTROL_CHAR"),
    C("2.2 an unfinished request", "GET / HT", "?"),
    C("2.2 an unfinished head", GET, "?"),
    /* 3: the request line */
    C("3 HEAD", "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD /x"),
    C("3 two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "!400 REQUEST_LINE"),
    C("3 two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "!400 REQUEST_LINE"),
    C("3 a space at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "!400 REQUEST_LINE"),
    C("3 a space at the start", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "!400 REQUEST_LINE"),
    C("3 a tab", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "!400 REQUEST_LINE"),
    C("3 no version", "GET /\r\n\r\n", "!400 REQUEST_LINE"),
    C("3 only a method", "GET\r\n\r\n", "!400 REQUEST_LINE"),
    C("3 NUL", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", "!400 CONTROL_CHAR"),
    C("3.1 no such method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "!501 METHOD"),
    C("3.1 methods have a case", "get / HTTP/1.1\r\nHost: a\r\n\r\n", "!501 METHOD"),
    C("3.1 no token", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", "!400 REQUEST_LINE"),
    C("3.1 every method",
      "PUT /a HTTP/1.1\r\nHost: a\r\n\r\nDELETE /b HTTP/1.1\r\nHost: a\r\n\r\nPATCH /c "
      "HTTP/1.1\r\nHost: a\r\n\r\nTRACE /d HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS /e HTTP/1.1\r\nHost: "
      "a\r\n\r\n",
      "PUT /a DELETE /b PATCH /c TRACE /d OPTIONS /e"),
    C("2.3 HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET / 1.0 close"),
    C("2.3 HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "!505 VERSION"),
    C("2.3 HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", "!505 VERSION"),
    C("2.3 HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "!505 VERSION"),
    C("2.3 HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", "!400 REQUEST_LINE"),
    C("2.3 http/1.1", "GET / http/1.1\r\nHost: a\r\n\r\n", "!400 REQUEST_LINE"),
    C("2.3 HTTP/1,1", "GET / HTTP/1,1\r\nHost: a\r\n\r\n", "!400 REQUEST_LINE"),
    C("2.3 HTTPS/1.1", "GET / HTTPS/1.1\r\nHost: a\r\n\r\n", "!400 REQUEST_LINE"),
    C("3.2 a target with everything",
      "GET /a-._~!$&'()*+,;=:@%7e//b?/?c[]{}|^`= HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /a-._~!$&'()*+,;=:@%7e//b?/?c[]{}|^`="),
    C("3.2.1 no slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    C("3.2.1 empty", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    C("3.2.2 absolute form", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    C("3.2.3 authority form", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    C("3.2.4 asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS *"),
    C("3.2.4 asterisk form of others", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    C("3.2 a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    C("3.2 a backslash", "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    C("3.2 a quote", "GET /a\"b HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    C("3.2 a bracket", "GET /<b> HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    C("3.2 bytes above ASCII", "GET /\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    C("3.2 DEL", "GET /\x7F HTTP/1.1\r\nHost: a\r\n\r\n", "!400 CONTROL_CHAR"),
    C("3.2 a percent without digits", "GET /% HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    C("3.2 a percent with one digit", "GET /?a=%4 HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    C("3.2 a percent with other digits", "GET /%4g HTTP/1.1\r\nHost: a\r\n\r\n", "!400 TARGET"),
    /* 5: fields */
    C("5 no space behind the colon", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", "GET /"),
    C("5.1 white space around the value", "GET / HTTP/1.1\r\nHost:   a  \r\nX: \t a \t \r\n\r\n",
      "GET /"),
    C("5.1 an empty value", GET "X:\r\nY: \r\n\r\n", "GET /"),
    C("5.1 a space before the colon", GET "X : y\r\n\r\n", "!400 FIELD"),
    C("5.1 a tab before the colon", GET "X\t: y\r\n\r\n", "!400 FIELD"),
    C("5.1 no colon", GET "X y\r\n\r\n", "!400 FIELD"),
    C("5.1 no name", GET ": y\r\n\r\n", "!400 FIELD"),
    C("5.1 a name that is no token", GET "X(): y\r\n\r\n", "!400 FIELD"),
    C("5.1 a name above ASCII", GET "X\xE9: y\r\n\r\n", "!400 FIELD"),
    C("5.2 a folded field", GET "X: a\r\n b\r\n\r\n", "!400 FOLD"),
    C("5.2 folded with a tab", GET "X: a\r\n\tb\r\n\r\n", "!400 FOLD"),
    C("5.2 folded into nothing", GET "X: a\r\n \r\n\r\n", "!400 FOLD"),
    C("5.5 NUL in a value", GET "X: a\0b\r\n\r\n", "!400 CONTROL_CHAR"),
    C("5.5 BEL in a value", GET "X: a\ab\r\n\r\n", "!400 CONTROL_CHAR"),
    C("5.5 DEL in a value", GET "X: a\x7F\r\n\r\n", "!400 CONTROL_CHAR"),
    C("5.5 NUL in a name", GET "X\0: a\r\n\r\n", "!400 CONTROL_CHAR"),
    C("5.5 bytes above ASCII in a value", GET "X: \xC3\xA9\xFF\r\n\r\n", "GET /"),
    /* 3.2: Host */
    C("3.2 no Host", "GET / HTTP/1.1\r\n\r\n", "!400 HOST_MISSING"),
    C("3.2 two Hosts", GET "Host: a\r\n\r\n", "!400 HOST"),
    C("3.2 an empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", "!400 HOST"),
    C("3.2 two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "!400 HOST"),
    C("3.2 a port", "GET / HTTP/1.1\r\nHost: a.example:9000\r\n\r\n", "GET /"),
    C("3.2 an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", "GET /"),
    C("3.2 a port too high", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", "!400 HOST"),
    C("3.2 a port that is none", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", "!400 HOST"),
    C("3.2 IPv6", "GET / HTTP/1.1\r\nHost: [::1]:9000\r\n\r\n", "GET /"),
    C("3.2 IPv6 with IPv4", "GET / HTTP/1.1\r\nHost: [::ffff:127.0.0.1]\r\n\r\n", "GET /"),
    C("3.2 IPv6 that does not end", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "!400 HOST"),
    C("3.2 IPv6 that is none", "GET / HTTP/1.1\r\nHost: [::x]\r\n\r\n", "!400 HOST"),
    C("3.2 IPv6 that is empty", "GET / HTTP/1.1\r\nHost: []\r\n\r\n", "!400 HOST"),
    C("3.2 something behind IPv6", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", "!400 HOST"),
    C("3.2 a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "!400 HOST"),
    C("3.2 a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "!400 HOST"),
    C("3.2 two hosts in one", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "!400 HOST"),
    C("3.2 only a port", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", "!400 HOST"),
    C("3.2 a bad percent", "GET / HTTP/1.1\r\nHost: a%2\r\n\r\n", "!400 HOST"),
    /* 6: the body */
    C("6.2 a length", POST "Content-Length: 5\r\n\r\nhello" GET "\r\n", "POST / +hello GET /"),
    C("6.2 a length of zero", POST "Content-Length: 0\r\n\r\n" GET "\r\n", "POST / GET /"),
    C("6.2 leading zeros", POST "Content-Length: 005\r\n\r\nhello", "POST / +hello"),
    C("6.2 a body of any bytes", POST "Content-Length: 4\r\n\r\n\r\n\0\xFF",
      "POST / +\\0d\\0a\\00\\ff"),
    C("6.2 a body that is missing", POST "Content-Length: 5\r\n\r\nhell", "?"),
    C("6.3 no length, no body", POST "\r\n" GET "\r\n", "POST / GET /"),
    C("6.2 a body of GET", GET "Content-Length: 2\r\n\r\nhi", "GET / +hi"),
    C("6.2 two lengths", POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "!400 LENGTH"),
    C("6.2 the same length twice", POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      "!400 LENGTH"),
    C("6.2 a list of lengths", POST "Content-Length: 5, 5\r\n\r\nhello", "!400 LENGTH"),
    C("6.2 a tab behind", POST "Content-Length: 5\t\r\n\r\nhello", "!400 FIELD"),
    C("6.2 no digits", POST "Content-Length: \r\n\r\n", "!400 LENGTH"),
    C("6.2 plus", POST "Content-Length: +5\r\n\r\nhello", "!400 LENGTH"),
    C("6.2 minus", POST "Content-Length: -5\r\n\r\nhello", "!400 LENGTH"),
    C("6.2 hexadecimal", POST "Content-Length: 0x5\r\n\r\nhello", "!400 LENGTH"),
    C("6.2 something behind", POST "Content-Length: 5 x\r\n\r\nhello", "!400 LENGTH"),
    C("6.2 an overflow", POST "Content-Length: 18446744073709551621\r\n\r\nhello", "!400 LENGTH"),
    C("6.2 above the limit", POST "Content-Length: 65537\r\n\r\n", "!413 BODY_TOO_LARGE"),
    C("6.1 chunked", CHUNKED "5\r\nhello\r\n0\r\n\r\n" GET "\r\n", "POST / +hello GET /"),
    C("6.1 CHUNKED", POST "Transfer-Encoding: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n", "POST / +a"),
    C("6.1 both framings", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "!400 TWO_FRAMINGS"),
    C("6.1 both framings the other way",
      POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "!400 TWO_FRAMINGS"),
    C("6.1 another coding", POST "Transfer-Encoding: gzip\r\n\r\n", "!501 CODING"),
    C("6.1 two codings", POST "Transfer-Encoding: gzip, chunked\r\n\r\n", "!501 CODING"),
    C("6.1 chunked not the last", POST "Transfer-Encoding: chunked, identity\r\n\r\n",
      "!501 CODING"),
    C("6.1 chunked twice", POST "Transfer-Encoding: chunked, chunked\r\n\r\n", "!501 CODING"),
    C("6.1 chunked in two fields",
      POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "!400 CODING_REPEATED"),
    C("6.1 identity", POST "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
      "!501 CODING"),
    C("6.1 xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n", "!501 CODING"),
    C("6.1 chunked with a parameter", POST "Transfer-Encoding: chunked;a=b\r\n\r\n", "!501 CODING"),
    C("6.1 chunked in quotes", POST "Transfer-Encoding: \"chunked\"\r\n\r\n", "!501 CODING"),
    C("6.1 VT before chunked", POST "Transfer-Encoding: \vchunked\r\n\r\n", "!400 CONTROL_CHAR"),
    C("6.1 in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "!400 CODING_1_0"),
    /* 7.1: chunks */
    C("7.1 several", CHUNKED "3\r\nabc\r\nA\r\n0123456789\r\n00a\r\n0123456789\r\n0\r\n\r\n",
      "POST / +abc01234567890123456789"),
    C("7.1 zeros", CHUNKED "000\r\n\r\n", "POST /"),
    C("7.1 no size", CHUNKED "\r\n", "!400 CHUNK_SIZE"),
    C("7.1 only an extension", CHUNKED ";a\r\n", "!400 CHUNK_SIZE"),
    C("7.1 plus", CHUNKED "+5\r\nhello\r\n", "!400 CHUNK_SIZE"),
    C("7.1 minus", CHUNKED "-5\r\nhello\r\n", "!400 CHUNK_SIZE"),
    C("7.1 0x", CHUNKED "0x5\r\nhello\r\n", "!400 CHUNK_SIZE"),
    C("7.1 no digit", CHUNKED "g\r\n", "!400 CHUNK_SIZE"),
    C("7.1 a space before", CHUNKED " 5\r\nhello\r\n", "!400 CHUNK_SIZE"),
    C("7.1 a space behind", CHUNKED "5 \r\nhello\r\n", "!400 CHUNK_SIZE"),
    C("7.1 a space before the extension", CHUNKED "5 ;a\r\nhello\r\n", "!400 CHUNK_SIZE"),
    C("7.1 a huge size", CHUNKED "ffffffffffffffff\r\n", "!413 BODY_TOO_LARGE"),
    C("7.1 an overflow", CHUNKED "10000000000000005\r\nhello\r\n", "!400 CHUNK_SIZE"),
    C("7.1 too many zeros", CHUNKED "00000000000000005\r\nhello\r\n", "!400 CHUNK_SIZE"),
    C("7.1 LF behind the size", CHUNKED "5\nhello\r\n", "!400 BARE_LF"),
    C("7.1 CR behind the size", CHUNKED "5\r5\r\nhello\r\n", "!400 BARE_CR"),
    C("7.1 NUL in the size", CHUNKED "5\0\r\nhello\r\n", "!400 CONTROL_CHAR"),
    C("7.1 a chunk too short", CHUNKED "6\r\nhello\r\n0\r\n\r\n", "!400 CHUNK_END"),
    C("7.1 a chunk too long", CHUNKED "4\r\nhello\r\n0\r\n\r\n", "!400 CHUNK_END"),
    C("7.1 LF behind the data", CHUNKED "5\r\nhello\n0\r\n\r\n", "!400 CHUNK_END"),
    C("7.1 CR behind the data", CHUNKED "5\r\nhello\r0\r\n\r\n", "!400 CHUNK_END"),
    C("7.1 the end is missing", CHUNKED "5\r\nhello\r\n", "?"),
    C("7.1.1 extensions", CHUNKED "5;a;b=c;d=\"e;\\\"\tf\"\r\nhello\r\n0;z\r\n\r\n",
      "POST / +hello"),
    C("7.1.1 no name", CHUNKED "5;\r\nhello\r\n", "!400 CHUNK_EXTENSION"),
    C("7.1.1 no value", CHUNKED "5;a=\r\nhello\r\n", "!400 CHUNK_EXTENSION"),
    C("7.1.1 white space", CHUNKED "5; a\r\nhello\r\n", "!400 CHUNK_EXTENSION"),
    C("7.1.1 a string that does not end", CHUNKED "5;a=\"b\r\nhello\r\n", "!400 CHUNK_EXTENSION"),
    C("7.1.1 a backslash at the end", CHUNKED "5;a=\"b\\\r\nhello\r\n", "!400 CHUNK_EXTENSION"),
    C("7.1.1 something behind a string", CHUNKED "5;a=\"b\"c\r\nhello\r\n", "!400 CHUNK_EXTENSION"),
    C("7.1.1 LF in a string", CHUNKED "5;a=\"\n\"\r\nhello\r\n", "!400 BARE_LF"),
    C("7.1.2 trailers", CHUNKED "0\r\nX: y\r\nY:\r\n\r\n" GET "\r\n", "POST / GET /"),
    C("7.1.2 a malformed trailer", CHUNKED "0\r\nX y\r\n\r\n", "!400 FIELD"),
    C("6.5.1 Content-Length as a trailer", CHUNKED "0\r\ncontent-length: 5\r\n\r\n",
      "!400 TRAILER_FIELD"),
    C("6.5.1 Transfer-Encoding as a trailer", CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n",
      "!400 TRAILER_FIELD"),
    C("6.5.1 Host as a trailer", CHUNKED "0\r\nHost: b\r\n\r\n", "!400 TRAILER_FIELD"),
    C("7.1.2 a folded trailer", CHUNKED "0\r\nX: y\r\n z\r\n\r\n", "!400 FOLD"),
    C("7.1.2 LF in trailers", CHUNKED "0\r\nX: y\n\r\n", "!400 BARE_LF"),
    C("7.1.2 LF for the end", CHUNKED "0\r\n\n", "!400 BARE_LF"),
    /* 9: the connection */
    C("9.3 keep-alive and close", GET "Connection: close\r\n\r\n", "GET / close"),
    C("9.3 close in a list", GET "Connection: a, CLOSE ,b\r\n\r\n", "GET / close"),
    C("9.3 close in the second field", GET "Connection: a\r\nConnection: close\r\n\r\n",
      "GET / close"),
    C("9.3 a tab behind close", GET "Connection: close\t\r\n\r\n", "!400 FIELD"),
    C("9.3 no close within a word", GET "Connection: closed\r\n\r\n", "GET /"),
    C("9.3 HTTP/1.0 that stays", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / 1.0"),
    C("9.3 HTTP/1.0 of two minds", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
      "GET / 1.0 close"),
    /* 9110 10.1.1: expectations */
    C("10.1.1 100-continue", POST "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi",
      "POST / +hi expect"),
    C("10.1.1 without a body", GET "Expect: 100-continue\r\n\r\n", "GET /"),
    C("10.1.1 in HTTP/1.0",
      "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
      "POST / +hi 1.0 close"),
    C("10.1.1 of a body too large", POST "Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n",
      "!413 BODY_TOO_LARGE"),
    C("10.1.1 something else", POST "Expect: 200-ok\r\nContent-Length: 2\r\n\r\nhi", "!417 EXPECT"),
    /* RFC 6455 4.2.1: the upgrade */
    C("4.2.1 an upgrade", GET "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n",
      "GET / upgrade"),
    C("4.2.1 without Connection", GET "Upgrade: websocket\r\n\r\n", "GET /"),
    C("4.2.1 to something else", GET "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "GET /"),
    C("4.2.1 with POST", POST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "POST /"),
    C("4.2.1 with a body",
      GET "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\nx", "GET / +x"),
    C("4.2.1 in HTTP/1.0",
      "GET / HTTP/1.0\r\nConnection: Upgrade, keep-alive\r\nUpgrade: websocket\r\n\r\n",
      "GET / 1.0"),
    /* limits */
    T("limit: a head of 40", "GET /123456789012 HTTP/1.1\r\nHost: 12\r\n\r\n", "GET /123456789012"),
    T("limit: a head of 41", "GET /1234567890123 HTTP/1.1\r\nHost: 12\r\n\r\n",
      "!431 HEAD_TOO_LARGE"),
    T("limit: a head of 40 behind an empty line",
      "\r\nGET /123456789012 HTTP/1.1\r\nHost: 12\r\n\r\n", "GET /123456789012"),
    T("limit: a request line of 41", "GET /1234567890123456789012345 HTTP/1.1\r\n",
      "!414 LINE_TOO_LONG"),
    T("limit: a request line without end", "GET /123456789012345678901234567890123456789012345",
      "!414 LINE_TOO_LONG"),
    T("limit: a control character is the earlier fault", "GET /1234567890123456789012345678901\0",
      "!400 CONTROL_CHAR"),
    T("limit: three fields", "GET / HTTP/1.1\r\nHost: a\r\nB:\r\nC:\r\n\r\n",
      "!431 TOO_MANY_FIELDS"),
    T("limit: two fields", "GET / HTTP/1.1\r\nHost: a\r\nB:\r\n\r\n", "GET /"),
    {"limit: a body of 8", POST "Content-Length: 8\r\n\r\n12345678",
     sizeof(POST "Content-Length: 8\r\n\r\n12345678") - 1, "POST / +12345678",
     &(const struct http_limits){200, 9, 8}},
    {"limit: a body of 9", POST "Content-Length: 9\r\n\r\n123456789",
     sizeof(POST "Content-Length: 9\r\n\r\n123456789") - 1, "!413 BODY_TOO_LARGE",
     &(const struct http_limits){200, 9, 8}},
    {"limit: chunks of 8", CHUNKED "4\r\n1234\r\n4\r\n5678\r\n0\r\n\r\n",
     sizeof(CHUNKED "4\r\n1234\r\n4\r\n5678\r\n0\r\n\r\n") - 1, "POST / +12345678",
     &(const struct http_limits){200, 9, 8}},
    {"limit: chunks of 9", CHUNKED "4\r\n1234\r\n5\r\n56789\r\n0\r\n\r\n",
     sizeof(CHUNKED "4\r\n1234\r\n5\r\n56789\r\n0\r\n\r\n") - 1, "!413 BODY_TOO_LARGE",
     &(const struct http_limits){200, 9, 8}},
    {"limit: trailers", CHUNKED "0\r\nA:\r\nB:\r\n\r\n",
     sizeof(CHUNKED "0\r\nA:\r\nB:\r\n\r\n") - 1, "POST /", &(const struct http_limits){200, 2, 8}},
    {"limit: too many trailers", CHUNKED "0\r\nA:\r\nB:\r\nC:\r\n\r\n",
     sizeof(CHUNKED "0\r\nA:\r\nB:\r\nC:\r\n\r\n") - 1, "!431 TRAILERS",
     &(const struct http_limits){200, 2, 8}},
};

static void transcript_check(const struct http_case *c, struct http_cut cut)
{
    struct buf got;
    buf_init(&got, 65536);
    http_script_run(c->limits, (struct str){c->text, c->n}, cut, false, &got);
    if (strcmp(got.p, c->expected) != 0)
        fail_msg("%s (every %zu, at %zu): %s, not %s", c->name, cut.every, cut.at, got.p,
                 c->expected);
    buf_fini(&got);
}

static void test_cases_in_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        transcript_check(&cases[i], (struct http_cut){0});
        transcript_check(&cases[i], (struct http_cut){.every = 1});
        for (size_t at = 1; at < cases[i].n; at++)
            transcript_check(&cases[i], (struct http_cut){.at = at});
    }
}

/* Every case in pieces of random lengths, pipelined behind others, with all its fields. */
static void test_pipelines_in_random_cuts(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 3000; seed++) {
        struct rand_seeded r;
        rand_seed(&r, seed);
        struct buf stream, whole, cut;
        buf_init(&stream, 1 << 16);
        buf_init(&whole, 1 << 18);
        buf_init(&cut, 1 << 18);
        for (uint64_t left = 1 + rand_next_below(&r, 4); left > 0; left--) {
            const struct http_case *c = &cases[rand_next_below(&r, sizeof cases / sizeof *cases)];
            buf_put(&stream, c->text, c->n);
        }
        if (seed % 2 == 0 && stream.n > 0)
            stream.p[rand_next_below(&r, stream.n)] = (char)rand_next(&r);
        http_script_run(&limits, buf_str(&stream), (struct http_cut){0}, true, &whole);
        http_script_run(&limits, buf_str(&stream), (struct http_cut){.rand = &r}, true, &cut);
        if (strcmp(whole.p, cut.p) != 0)
            fail_msg("seed %llu: %s, but in pieces %s", (unsigned long long)seed, whole.p, cut.p);
        buf_fini(&stream);
        buf_fini(&whole);
        buf_fini(&cut);
    }
}

/* ---- The bounds that a table cannot show ---- */

static enum http_result feed(struct http_parser *p, const char *text)
{
    size_t used;
    return http_parse(p, text, strlen(text), &used);
}

/* Extensions that are each small enough, without end. */
static void test_chunk_extensions_are_bounded_together(void **state)
{
    (void)state;
    struct http_parser *p = http_parser_new(&limits);
    assert_int_equal(feed(p, CHUNKED), HTTP_HEAD);
    char chunk[300];
    memset(chunk, 'x', sizeof chunk);
    memcpy(chunk, "1;", 2);
    memcpy(chunk + 202, "\r\n.\r\n", 6);
    size_t fed = 0;
    while (feed(p, chunk) == HTTP_MORE && fed < 10 * limits.head_bytes)
        fed += 201;
    assert_int_equal(http_parser_status(p), 400);
    assert_string_equal(http_parser_reason(p), "A chunk extension is malformed or too long");
    assert_in_range(fed, limits.head_bytes - 201, limits.head_bytes);
    http_parser_next(p);

    /* One that is too long for a line. */
    assert_int_equal(feed(p, CHUNKED), HTTP_HEAD);
    chunk[299] = '\0';
    memset(chunk + 2, 'x', 297);
    assert_int_equal(feed(p, chunk), HTTP_ERROR);
    assert_int_equal(http_parser_status(p), 400);
    http_parser_free(p);
}

static void test_trailers_are_bounded(void **state)
{
    (void)state;
    static const struct http_limits many = {16384, 1000000, 65536};
    struct http_parser *p = http_parser_new(&many);
    assert_int_equal(feed(p, CHUNKED "0\r\n"), HTTP_HEAD);
    size_t used;
    assert_int_equal(http_parse(p, "0\r\n", 3, &used), HTTP_MORE);
    size_t fed = 0;
    while (feed(p, "Name: value\r\n") == HTTP_MORE && fed < 10 * limits.head_bytes)
        fed += 13;
    assert_int_equal(http_parser_status(p), 431);
    assert_in_range(fed, limits.head_bytes - 13, limits.head_bytes);
    http_parser_free(p);
}

/* A body that is announced costs nothing before it comes; a request gives all of it back. */
static void test_memory(void **state)
{
    (void)state;
    struct http_parser *p = http_parser_new(&limits);
    size_t idle = script_heap_bytes();
    assert_int_equal(feed(p, POST "Content-Length: 65536\r\n\r\n"), HTTP_HEAD);
    assert_in_range(script_heap_bytes() - idle, 1, 1024);
    char *body = mem_zalloc(65536);
    size_t used;
    assert_int_equal(http_parse(p, body, 65536, &used), HTTP_DONE);
    mem_free(body);
    http_parser_next(p);
    assert_int_equal(script_heap_bytes(), idle);
    assert_false(http_parser_is_midway(p));
    http_parser_free(p);
}

static void test_midway(void **state)
{
    (void)state;
    struct http_parser *p = http_parser_new(&limits);
    assert_false(http_parser_is_midway(p));
    assert_int_equal(feed(p, "\r\n"), HTTP_MORE);
    assert_false(http_parser_is_midway(p));
    assert_int_equal(feed(p, "G"), HTTP_MORE);
    assert_true(http_parser_is_midway(p));
    assert_int_equal(feed(p, "ET / HTTP/1.0\r\n\r\n"), HTTP_HEAD);
    assert_true(http_parser_is_midway(p));
    assert_int_equal(feed(p, ""), HTTP_DONE);
    assert_false(http_parser_is_midway(p));
    http_parser_free(p);
}

static void test_request_points_at_all_parts(void **state)
{
    (void)state;
    struct http_parser *p = http_parser_new(&limits);
    assert_int_equal(feed(p, "PUT /a/b?c=d?e HTTP/1.1\r\nHost: x\r\nA:  b \r\n\r\n"), HTTP_HEAD);
    const struct http_request *r = http_parser_request(p);
    assert_true(str_eq(r->method, STR("PUT")));
    assert_true(str_eq(r->target, STR("/a/b?c=d?e")));
    assert_true(str_eq(r->path, STR("/a/b")));
    assert_true(str_eq(r->query, STR("c=d?e")));
    assert_int_equal(r->n_fields, 2);
    assert_true(str_eq(r->fields[0].name, STR("Host")));
    assert_true(str_eq(r->fields[1].value, STR("b")));
    assert_int_equal(r->body.n, 0);
    http_parser_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases_in_every_cut),
        cmocka_unit_test(test_pipelines_in_random_cuts),
        cmocka_unit_test(test_chunk_extensions_are_bounded_together),
        cmocka_unit_test(test_trailers_are_bounded),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_midway),
        cmocka_unit_test(test_request_points_at_all_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
