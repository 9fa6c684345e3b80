// Loaded before a bridge (LD_PRELOAD), it makes the world fail as a test says: by files, whose
// paths the environment names, and which may come and go while the bridge runs.
//
//   ZBRIDGE_TEST_SYNC_FAILS   the file is there: fdatasync answers EIO
//   ZBRIDGE_TEST_CLOCK        seconds in it are added to what the clock on the wall says
//
// Thread: any.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <dlfcn.h>
#include <unistd.h>

namespace {

template <class Function>
Function* real(Function*, const char* name) {
    void* const found = dlsym(RTLD_NEXT, name);
    if (found == nullptr) abort();
    return reinterpret_cast<Function*>(found);
}

time_t added_seconds() {
    const char* const path = getenv("ZBRIDGE_TEST_CLOCK");
    FILE* const file = path == nullptr ? nullptr : fopen(path, "re");
    if (file == nullptr) return 0;
    long seconds = 0;
    if (fscanf(file, "%ld", &seconds) != 1) seconds = 0;
    fclose(file);
    return seconds;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int fdatasync(int descriptor) {
    static auto* const its = real(&fdatasync, "fdatasync");
    const char* const path = getenv("ZBRIDGE_TEST_SYNC_FAILS");
    if (path == nullptr || access(path, F_OK) != 0) return its(descriptor);
    errno = EIO;
    return -1;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* now) noexcept {
    static auto* const its = real(&clock_gettime, "clock_gettime");
    const int result = its(clock, now);
    if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec += added_seconds();
    return result;
}
}
