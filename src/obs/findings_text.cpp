#include "http/core/json_text.hpp"
#include "obs/looks.hpp"

#include <ostream>

namespace gyre::obs {

void write_text(std::ostream& out, std::span<const Finding> findings) {
    for (const Finding& finding : findings) {
        out << to_string(finding.severity) << ": " << to_string(finding.rule);
        if (!finding.task.empty()) out << ": task '" << finding.task << "'";
        if (finding.count > 1) out << " and " << finding.count - 1 << " more";
        if (finding.place.line != 0) {
            out << " at " << text_of(finding.place);
            if (!finding.place.function.empty()) out << " in " << finding.place.function;
        }
        out << "\n    " << finding.text << "\n    advice: " << finding.advice << "\n";
    }
}

void write_json(std::ostream& out, const Finding& finding) {
    using http::internal::json_string;
    out << R"({"rule":)" << json_string(to_string(finding.rule)) << R"(,"severity":)"
        << json_string(to_string(finding.severity)) << R"(,"task":)" << json_string(finding.task) << R"(,"task_id":)"
        << finding.task_id << R"(,"place":)"
        << json_string(finding.place.line == 0 ? std::string() : text_of(finding.place)) << R"(,"text":)"
        << json_string(finding.text) << R"(,"advice":)" << json_string(finding.advice) << R"(,"count":)"
        << finding.count << '}';
}

void write_json(std::ostream& out, std::span<const Finding> findings) {
    out << '[';
    for (const Finding& finding : findings) {
        if (&finding != findings.data()) out << ',';
        write_json(out, finding);
    }
    out << "]\n";
}

}  // namespace gyre::obs
