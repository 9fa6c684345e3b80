"""What no Debian package has: servers and clients that come as Go modules or from Maven, into build/stores, once."""
import pathlib
import shutil
import subprocess

import harness

HERE = pathlib.Path(__file__).resolve().parent
STEP_SECONDS_MAX = 900


def run(what, folder, *command):
    try:
        done = subprocess.run([str(word) for word in command], cwd=folder, timeout=STEP_SECONDS_MAX, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    except subprocess.TimeoutExpired:
        raise harness.RunFailed(f"{what} cannot be had: {command[0]} took longer than {STEP_SECONDS_MAX} s") from None
    if done.returncode != 0:
        raise harness.RunFailed(f"{what} cannot be had: {done.stdout.strip()[-2000:]}")


def found(program):
    path = shutil.which(program)
    if path is None:
        raise harness.RunFailed(f"{program} is not there")
    return path


def go(settings):
    """nats-server, the tool of go/go.mod, and the programs of go/. The Go has to be as new as go/go.mod says: Debian 12 has an older one."""
    settings.fetched.mkdir(parents=True, exist_ok=True)
    run("nats-server", HERE / "go", found("go"), "build", "-o", f"{settings.fetched}/", "tool")
    run("the programs of go/", HERE / "go", found("go"), "build", "-buildvcs=false", "-o", settings.fetched / "stores", ".")


def jars(settings):
    """Kafka's and RocketMQ's servers and clients."""
    made_from = settings.fetched / "pom.xml"
    if made_from.exists() and made_from.read_text() == (HERE / "java/pom.xml").read_text():
        return
    (settings.fetched / "jars").mkdir(parents=True, exist_ok=True)
    run("what java/pom.xml names", HERE / "java", found("mvn"), "-B", "-q", "-f", "pom.xml", "dependency:copy-dependencies",
        f"-DoutputDirectory={settings.fetched}/jars")
    shutil.copy(HERE / "java/pom.xml", made_from)


def rocket(settings):
    run("java/Rocket.java", HERE / "java", found("javac"), "-d", settings.fetched, "-cp", f"{settings.fetched}/jars/*",
        "Rocket.java")


def java(settings, *options):
    return [found("java"), *options, "-cp", f"{settings.fetched}:{settings.fetched}/jars/*"]
