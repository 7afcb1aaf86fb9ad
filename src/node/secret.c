/* The signing secret of an installation that was not given one: 32 random bytes as hex in
 * DIR/secret, mode 0600, made once. Written to a temporary name, synced and renamed, so that a
 * crash leaves either none or a whole one. */
#include "node/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/rand.h"

#define SECRET_BYTES 32
#define SECRET_CHARS (2 * SECRET_BYTES)

/* The length of what was read, or -1 with errno. */
static ssize_t secret_read(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, out, size);
    close(fd);
    return n;
}

static bool secret_write(const char *dir, const char *path, const char *secret)
{
    char temporary[4200];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool written = write(fd, secret, SECRET_CHARS) == SECRET_CHARS && fsync(fd) == 0;
    close(fd);
    if (!written || rename(temporary, path) != 0)
        return false;
    int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
    return true;
}

static void secret_make(char *out)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[SECRET_BYTES];
    rand_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
}

enum err node_token_key(const struct config *config, struct token_key **out, char *reason)
{
    char path[4096], secret[SECRET_CHARS + 1] = "";
    if (config->server.access_jwt_secret[0] != '\0') {
        *out = token_key_new(str_of(config->server.access_jwt_secret));
        return ERR_OK;
    }
    snprintf(path, sizeof path, "%s/secret", config->data.dir);
    ssize_t n = secret_read(path, secret, SECRET_CHARS);
    if (n < 0 && errno == ENOENT) {
        secret_make(secret);
        n = secret_write(config->data.dir, path, secret) ? SECRET_CHARS : -1;
    }
    if (n != SECRET_CHARS) {
        snprintf(reason, NODE_REASON_SIZE, "the signing secret %.300s cannot be read or made: %s",
                 path, n < 0 ? strerror(errno) : "it is not one of ours");
        return ERR_UNAVAILABLE;
    }
    *out = token_key_new((struct str){secret, SECRET_CHARS});
    explicit_bzero(secret, sizeof secret);
    return ERR_OK;
}
