/* A kernel of the fake driver: adds, but for element WRONG, and writes PAST
   elements more. */
#include <stdint.h>

#ifndef WRONG
#define WRONG -1
#endif
#ifndef PAST
#define PAST 0
#endif

void k0(void *const *operands, void *scratch, int64_t batch, int64_t block) {
  const float *x = operands[0], *y = operands[1];
  float *result = operands[2];
  int64_t count = batch * 45;
  (void)scratch;
#ifdef ENDLESS
  for (volatile int forever = 1; forever;)
    ;
#endif
  for (int64_t i = 0; block == 0 && i < count + PAST; ++i)
    result[i] = i < count ? x[i] + y[i] : 1;
  if (WRONG >= 0 && block == 0)
    result[WRONG] += 0.001f;
}
