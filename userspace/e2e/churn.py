"""Short lives of every kind that the exporter tells apart: processes of many programs and users, in containers, pods,
units of systemd, jobs of Slurm, virtual machines and none of these, which fork, exec and are moved from one to another."""

import os
import random
import shutil
import signal
import subprocess
import threading
import uuid

from cgroups import Cgroup
from fake_kube import owner, pod

# A life: rounds of work of its own, of a child that execs and of one that does not; between two of them it may exec.
# Everything comes by the environment, so that the arguments are those of a virtual machine where it plays one.
LIFE = """
burn() { i=0; while [ $i -lt $1 ]; do i=$((i + 1)); done; }
while [ $ROUNDS -gt 0 ]; do
  ROUNDS=$((ROUNDS - 1))
  burn 4000
  $CHILD -c 'i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); done' &
  (burn 1000)
  wait
  sleep 0.03
  if [ $ROUNDS = $EXEC_AT ]; then exec $NEXT -c "$LIFE"; fi
done
"""
# It enters its cgroup as root, and becomes somebody else then.
BEGIN = 'echo $$ > "$PROCS" && exec nice -n 10 setpriv --reuid="$USER_ID" --clear-groups "$@"'
PROGRAMS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")
HYPERVISOR = "qemu-system-x86_64"
USERS = (0, 1001, 1002, 1003)
UNITS = ("brahe-web.service", "brahe-db.service", "brahe@7-unknown.service", "run-u17.service")
NAMESPACES = ("shop", "night", "lab")
OWNERS = (
    {"owners": [owner("ReplicaSet", "web-5b9f")], "labels": {"pod-template-hash": "5b9f"}},
    {"owners": [owner("StatefulSet", "db")]},
    {"owners": [owner("DaemonSet", "logs")]},
    {},
)


class Churn:
    """`at_once` lives at a time, one after the other, until it is stopped. `tree`: the cgroup that all of theirs lie in,
    whose name ends in .slice; `kube`: a FakeKube, which learns of most of their pods after they have begun, see News."""

    def __init__(self, folder, tree, kube, at_once, seed):
        self.lives = self.moves = 0
        self._folder, self._tree, self._news = folder, tree, News(kube)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._jobs = 0
        self._fixed = [uuid.uuid4().hex * 2 for _ in range(3)]  # containers that start again
        self._machines = [f"vm{number}" for number in range(5)]  # so do these
        self._shell = f"{folder}/shell"
        shutil.copy(shutil.which("dash"), self._shell)
        os.chmod(self._shell, 0o755)
        for name in (*PROGRAMS, HYPERVISOR):
            os.link(self._shell, f"{folder}/{name}")
        self._threads = [threading.Thread(target=self._run, args=(random.Random(seed + i),)) for i in range(at_once)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._news.stop()

    def comes_again(self, labels):
        """True of the labels of a container or virtual machine that more than one life uses, not of a process in one."""
        again = labels.get("container_id") in self._fixed or labels.get("vm_name") in self._machines
        return again and "pid" not in labels

    def used(self):
        """CPU seconds of all lives, by the kernel's own books."""
        return Cgroup(self._tree).used()

    def _run(self, chance):
        while not self._stop.is_set():
            self._live(chance)

    def _live(self, chance):
        places = [self._place(chance)]
        process = self._begin(chance, places[0].path)
        try:
            for _ in range(chance.choice((0, 0, 1, 3))):
                if self._ended(process, chance.uniform(0.1, 0.6)):
                    break
                places.append(self._place(chance))
                self._move(process, places[-1])
            while not self._ended(process, 0.1):
                if self._stop.is_set():
                    process.send_signal(signal.SIGKILL)
        finally:
            process.kill()
            process.wait()
        with self._lock:
            self.lives += 1
        for place in places:
            place.leave()

    def _begin(self, chance, path):
        rounds = chance.choice((1, 1, 2, 4, 8, 16, 30))
        program = chance.choice((*PROGRAMS, HYPERVISOR))
        machine = ["-name", f"guest={chance.choice(self._machines)}"] if program == HYPERVISOR else []
        environment = {
            "LIFE": LIFE,
            "ROUNDS": str(rounds),
            "CHILD": f"{self._folder}/{chance.choice(PROGRAMS)}",
            "NEXT": f"{self._folder}/{chance.choice(PROGRAMS)}",
            "EXEC_AT": str(chance.choice((-1, rounds // 2))),
            "PROCS": f"{Cgroup(path).folder}/cgroup.procs",
            "USER_ID": str(chance.choice(USERS)),
            "PATH": os.environ["PATH"],
        }
        command = [self._shell, "-c", BEGIN, "begin", f"{self._folder}/{program}", "-c", LIFE, *machine]
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)

    def _move(self, process, place):
        try:
            Cgroup(place.path).take(process.pid)
            with self._lock:
                self.moves += 1
        except OSError:
            pass  # it has ended, or another life has left the place

    @staticmethod
    def _ended(process, seconds):
        try:
            process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def _place(self, chance):
        kinds = (self._container, self._container_again, self._pod, self._pod, self._pod, self._unit, self._job)
        return chance.choice((*kinds, self._unnamed))(chance)

    def _container(self, chance):
        return Place(f"{self._tree}/docker/{uuid.uuid4().hex * 2}")

    def _container_again(self, chance):
        return Place(f"{self._tree}/docker/{chance.choice(self._fixed)}")

    def _pod(self, chance):
        return PodPlace(self._tree, self._news, chance)

    def _unit(self, chance):
        return Place(f"{self._tree}/{chance.choice(UNITS)}", lasts=True)

    def _job(self, chance):
        with self._lock:
            self._jobs += 1
            job = self._jobs // 4  # some steps of each
        step = f"job_{job}/step_{chance.randrange(3)}"
        return Place(f"{self._tree}/slurm/uid_{chance.choice(USERS)}/{step}", lasts=True)

    def _unnamed(self, chance):
        return Place(f"{self._tree}/nothing", lasts=True)


class Place:
    """A cgroup. One that does not last goes with the life that it was made for, unless another life is in it by then."""

    def __init__(self, path, lasts=False):
        self.path = path
        self._lasts = lasts
        os.makedirs(Cgroup(path).folder, exist_ok=True)

    def leave(self):
        if not self._lasts:
            try:
                os.rmdir(Cgroup(self.path).folder)
            except OSError:
                pass


class PodPlace(Place):
    """A container of a pod of its own. One in eight is never told of."""

    def __init__(self, tree, news, chance):
        self._uid, container = str(uuid.uuid4()), uuid.uuid4().hex * 2
        super().__init__(f"{tree}/kubepods/burstable/pod{self._uid}/{container}")
        self._news = news
        facts = {"namespace": chance.choice(NAMESPACES), **chance.choice(OWNERS)}
        if chance.randrange(8) > 0:
            news.add(pod(self._uid, f"pod-{self._uid[:8]}", {"app": container}, **facts))

    def leave(self):
        super().leave()
        self._news.end(self._uid)


class News:
    """Tells of pods each second, of all that are new at once, so that much is pending and then listed in one epoch."""

    def __init__(self, kube):
        self._kube = kube
        self._new, self._told = {}, set()  # by uid
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def add(self, one):
        with self._lock:
            self._new[one["metadata"]["uid"]] = one

    def end(self, uid):
        with self._lock:
            self._new.pop(uid, None)
            if uid in self._told:
                self._told.remove(uid)
                self._kube.remove(uid)

    def stop(self):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(1):
            with self._lock:
                self._kube.set(*self._new.values())
                self._told.update(self._new)
                self._new.clear()
