#include "plugins/durable/journal/found.h"

#include <fmt/format.h>

namespace zbridge::durable {

std::string Damage::sentence() const {
    std::string lost = last ? fmt::format("batches {} to {} are lost", number(first), number(*last))
                            : fmt::format("batches from {} on are lost", number(first));
    if (last == first)
        lost = fmt::format("batch {} {} lost", number(first), messages_only ? "are" : "is");
    if (messages_only) lost = "the messages of " + lost;
    return fmt::format("{}, offset {}: {}; {}{}", file, position, lost, witness,
                       accepted ? " (accepted before)" : "");
}

std::string Found::Cut::sentence() const {
    std::string sentence =
        fmt::format("{}, offset {}: cut {} bytes that are no whole batch", file, position, bytes);
    if (missing > 0) sentence += fmt::format("; the file is {} bytes shorter than it was", missing);
    if (maybe_old) sentence += "; they may be left of the file's earlier use";
    return sentence;
}

std::string Found::Digests::sentence() const {
    if (wanted.empty()) return {};
    return fmt::format("{} of {} segments had no digest and were read, it is made again{}{}",
                       wanted.size(), wanted.size() + used, why.empty() ? "" : ": ", why);
}

uint64_t Found::batches_without_messages() const {
    uint64_t found = 0;
    for (const Damage& each : damage) {
        if (each.messages_only && each.last) found += number(*each.last) - number(each.first) + 1;
    }
    return found;
}

std::vector<std::string> Found::sentences() const {
    std::vector<std::string> all;
    for (const Damage& each : damage)
        all.push_back(each.sentence());
    for (const std::string& remark : remarks)
        all.push_back(remark);
    if (cut) all.push_back(cut->sentence());
    if (skipped) all.push_back(fmt::format("batch {} was skipped, as asked for", number(*skipped)));
    if (rewritten > 0)
        all.push_back(fmt::format(
            "{} batches at the end were written again: the disk may not have had them", rewritten));
    return all;
}

}  // namespace zbridge::durable
