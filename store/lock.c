/*
 * flock with an end to waiting, and the refusal of file systems on which neither flock nor a shared map
 * can be trusted.
 */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "proto/error.h"
#include "proto/time.h"

int cts_lock_take(const char *path, int wait_ms)
{
	int64_t deadline = cts_time_now_ms() + wait_ms;
	long nap_ns = 200000; /* the usual holder is gone within a millisecond */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot open the lock '%s'", path);
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		struct timespec nap = {.tv_nsec = nap_ns};

		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || cts_time_now_ms() >= deadline) {
			int saved = errno;

			close(fd);
			if (saved != EWOULDBLOCK)
				return cts_fail_errno(CTS_EIO, saved, "cannot lock '%s'", path);
			cts_fail(CTS_ELOCKED, "another process holds '%s'", path);
			cts_hint("try again when it is done");
			return CTS_ELOCKED;
		}
		nanosleep(&nap, NULL);
		if (nap_ns < 20000000)
			nap_ns *= 2;
	}
	return fd;
}

int cts_lock_check_filesystem(const char *path)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} refused[] = {
		{0x6969, "NFS"},
		{0xff534d42, "CIFS"},
		{0x517b, "SMB"},
		{0xfe534d42, "SMB"},
		{0x65735546, "FUSE"},
		{0x01021997, "9p"},
		{0x5346414f, "AFS"},
		{0x00c36400, "Ceph"},
	};
	struct statfs info;

	if (statfs(path, &info) != 0)
		return 0; /* opening the files will tell */
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if ((unsigned long)info.f_type != refused[i].magic)
			continue;
		cts_fail(CTS_EREFUSED, "'%s' is on a %s file system, which cannot share a store safely",
			path, refused[i].name);
		cts_hint("keep the store on a local disk, or set store.anyfs = true in its config");
		return CTS_EREFUSED;
	}
	return 0;
}
