/* Times reads in batches and prints the nanoseconds per operation of each batch.
 *
 * reads cached FILE SECONDS: lseek and read of 4 KiB at random pages of FILE, which stays cached.
 * reads stream FILE SECONDS: reads FILE from end to end over and over in 128 KiB calls; per 4 KiB page.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static char buffer[131072];

static long cached(int fd, long pages)
{
	static unsigned long long state = 88172645463325252ULL; /* xorshift64, Marsaglia 2003 */
	for (int i = 0; i < 4096; i++) {
		state ^= state << 13, state ^= state >> 7, state ^= state << 17;
		lseek(fd, (off_t)(state % pages) * 4096, SEEK_SET);
		if (read(fd, buffer, 4096) != 4096)
			exit(1);
	}
	return 4096;
}

static long stream(int fd)
{
	long pages = 0;
	ssize_t got;
	while (pages < 8192) {
		if ((got = read(fd, buffer, sizeof(buffer))) < 0)
			exit(1);
		if (got == 0)
			lseek(fd, 0, SEEK_SET);
		pages += got / 4096;
	}
	return pages;
}

int main(int argc, char **argv)
{
	struct stat st;
	int fd = argc == 4 ? open(argv[2], O_RDONLY) : -1;
	if (fd < 0 || fstat(fd, &st)) {
		fprintf(stderr, "usage: reads cached|stream FILE SECONDS\n");
		return 2;
	}
	int in_cache = !strcmp(argv[1], "cached");
	posix_fadvise(fd, 0, 0, in_cache ? POSIX_FADV_RANDOM : POSIX_FADV_SEQUENTIAL);
	double end = now() + atof(argv[3]);
	for (double start = now(); start < end; start = now()) {
		long operations = in_cache ? cached(fd, st.st_size / 4096) : stream(fd);
		printf("%.1f\n", (now() - start) * 1e9 / operations);
	}
	return 0;
}
