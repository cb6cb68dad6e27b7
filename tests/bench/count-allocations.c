/* SPDX-License-Identifier: MIT */

/* To be preloaded: counts what a process takes from the heap, in the file that COUNT_ALLOCATIONS names (one native 64-bit
 * number, mapped, so that it can be read at any time). */

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t n, size_t size);
extern void *__libc_realloc (void *block, size_t size);
extern void *__libc_memalign (size_t alignment, size_t size);

static _Atomic uint64_t before_main;
static _Atomic uint64_t *counter = &before_main;

__attribute__ ((constructor)) static void
map_counter (void)
{
  const char *path = getenv ("COUNT_ALLOCATIONS");
  int fd = path != NULL ? open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
  void *page;

  if (fd < 0)
    return;
  if (ftruncate (fd, sizeof *counter) == 0)
    {
      page = mmap (NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (page != MAP_FAILED)
        counter = page;
    }
  close (fd);
}

void *
malloc (size_t size)
{
  atomic_fetch_add (counter, 1);
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  atomic_fetch_add (counter, 1);
  return __libc_calloc (n, size);
}

void *
realloc (void *block, size_t size)
{
  atomic_fetch_add (counter, 1);
  return __libc_realloc (block, size);
}

void *
memalign (size_t alignment, size_t size)
{
  atomic_fetch_add (counter, 1);
  return __libc_memalign (alignment, size);
}

void *
aligned_alloc (size_t alignment, size_t size)
{
  return memalign (alignment, size);
}

int
posix_memalign (void **block, size_t alignment, size_t size)
{
  *block = memalign (alignment, size);
  return *block != NULL ? 0 : ENOMEM;
}
