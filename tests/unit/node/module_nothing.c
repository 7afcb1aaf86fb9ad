/* A library that is no driver. */
int nothing(void);

int nothing(void)
{
    return 0;
}
