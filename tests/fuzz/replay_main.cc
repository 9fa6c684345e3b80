// Runs a fuzz target once over each file of the folders named on the command line, where there is
// no libFuzzer.
//
// Each input lies at the very end of its own memory: AddressSanitizer sees a read behind it. An
// empty corpus is a failure: a test that runs nothing says nothing.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size);

int main(int argc, char** argv) {
    std::vector<std::filesystem::path> inputs;
    for (int i = 1; i < argc; ++i) {
        std::error_code failed;
        for (const auto& entry : std::filesystem::directory_iterator(argv[i], failed)) {
            if (entry.is_regular_file()) inputs.push_back(entry.path());
        }
        if (failed) std::fprintf(stderr, "%s: %s\n", argv[i], failed.message().c_str());
    }
    std::sort(inputs.begin(), inputs.end());

    for (const auto& path : inputs) {
        std::fprintf(stderr, "%s\n", path.c_str());  // the last one named is the one that failed
        std::ifstream file(path, std::ios::binary);
        std::vector<uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
        bytes.shrink_to_fit();
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    std::fprintf(stderr, "%zu inputs replayed\n", inputs.size());
    return inputs.empty() ? 1 : 0;
}
