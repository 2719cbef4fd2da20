"""Files that change under their readers."""

from __future__ import annotations

from tests.soak.scene import Scene, reader

_CHANGING = """
import random
PAGES, FILES = 256, 8
block = os.urandom(PAGES * PAGE)
def fresh(number):
    name = path("changing-%d" % number)
    fd = os.open(name, os.O_CREAT | os.O_RDWR, 0o600)
    os.pwrite(fd, block, 0)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
    return fd
fds = [fresh(number) for number in range(FILES)]
until, reads, sizes, changes = [0], [0] * 4, [0] * 4, 0
def read(mine):
    choose = random.Random(mine).randrange
    while time.monotonic() < until[0]:
        for _ in range(50):
            sizes[mine] += len(os.pread(fds[choose(FILES)], PAGE, choose(PAGES) * PAGE))
        reads[mine] += 50
        time.sleep(0.005)
readers = [threading.Thread(target=read, args=(n,)) for n in range(4)]
go()
until[0] = time.monotonic() + {seconds}
for one in readers:
    one.start()
while time.monotonic() < until[0]:
    number = changes % FILES
    if changes % 3:
        os.ftruncate(fds[number], (changes % 5) * 50 * PAGE)
        os.pwrite(fds[number], block, 0)
    else:
        os.unlink(path("changing-%d" % number))
        new = fresh(number)
        os.dup2(new, fds[number])  # a read that is under way keeps the file that is gone
        os.close(new)
    changes += 1
    time.sleep(0.01)
for one in readers:
    one.join()
done({{"reads": sum(reads), "bytes": sum(sizes), "changes": changes}})
"""


def changing(scene: Scene, seconds: float) -> str:
    """Files truncated, written anew and unlinked while four threads read them."""
    changing = scene.here.worker(scene.main, _CHANGING.format(seconds=seconds))
    scene.measured([changing, reader(scene, seconds)])
    return f"{changing.result['changes'] / seconds:.0f} changes/s"
