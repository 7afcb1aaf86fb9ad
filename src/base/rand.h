/* Randomness: `rand_bytes` for secrets and ids, `struct rand_seeded` for schedules that must be
 * repeatable. */
#ifndef PARLEY_BASE_RAND_H
#define PARLEY_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

/* From the kernel (getrandom); stops the program where there is none. Any thread. */
void rand_bytes(void *out, size_t n);
/* Uniform below `bound` (> 0). */
uint64_t rand_below(uint64_t bound);

/* xoshiro256** 1.0 (Blackman and Vigna, https://prng.di.unimi.it/), seeded by splitmix64. */
struct rand_seeded {
    uint64_t s[4];
};
void rand_seed(struct rand_seeded *r, uint64_t seed);
uint64_t rand_next(struct rand_seeded *r);
uint64_t rand_next_below(struct rand_seeded *r, uint64_t bound);

#endif
