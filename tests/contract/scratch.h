/* A directory of its own for a test, on the disk of the build. */
#ifndef PARLEY_CONTRACT_SCRATCH_H
#define PARLEY_CONTRACT_SCRATCH_H

#define SCRATCH_SIZE 256

/* Makes an empty one; its path into `out`. */
void scratch_make(char out[SCRATCH_SIZE]);
/* Removes it and the files in it. */
void scratch_remove(const char *path);

#endif
