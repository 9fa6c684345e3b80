// What needs_gone.so is linked with, and does not find.
extern "C" __attribute__((visibility("default"))) int gone() {
    return 1;
}
