// All plugins that this process has looked at, each once: those that are linked in, and shared
// objects found by path or name.
//
// A name is looked for among those linked in, then as NAME.so and libNAME.so in each search folder
// in turn.
// Failure: find() says what was tried. What was found once is not looked for again.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/plugin/declaration.h"
#include "bridge/plugin/life_calls.h"

namespace zbridge::plugin {

class Catalog final : public Declarations {
 public:
    // `linked_in`: entry functions of plugins in this binary. A wrong one of those is our bug.
    Catalog(const std::vector<zb_entry>& linked_in, std::vector<std::string> search_folders,
            const Clock& clock);

    void search_in(const std::vector<std::string>& folders) override { more_folders_ = folders; }
    Result<const Declared*> find(const std::string& use, const std::string& folder) override;
    std::vector<OptionProblem> try_out(const Declared& declared,
                                       const InstanceOptions& options) override;
    std::vector<std::string> names() const override;

    // Of what it loads and tries out; for all that its plugins are made into.
    LifeCalls& lives() { return lives_; }
    // Where names are looked for, in this order.
    std::vector<std::string> folders() const;
    // As find(), with what the bridge needs to run it.
    Result<const Declaration*> declaration(const std::string& use, const std::string& folder);

 private:
    Result<const Declaration*> load(const std::string& path);
    const Declaration& of(const Declared& declared) const;

    const Clock& clock_;
    LifeCalls lives_;
    std::vector<std::string> search_folders_, more_folders_;
    std::map<std::string, std::unique_ptr<Declaration>> linked_in_;  // by name
    std::map<std::string, std::unique_ptr<Declaration>> loaded_;     // by canonical path
};

}  // namespace zbridge::plugin
