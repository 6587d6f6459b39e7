# A script that writes files into a C++ source, as the function that cli/web_assets.hpp declares:
# cmake -DOUTPUT=web_assets.cpp -DFOLDER=cli/web -DEMBED_NAMES=index.html,app.js -P EmbedFiles.cmake

set(types_html "text/html; charset=utf-8")
set(types_css "text/css; charset=utf-8")
set(types_js "text/javascript; charset=utf-8")
set(types_svg "image/svg+xml")

set(text "#include \"web_assets.hpp\"\n\n#include <array>\n\nnamespace gyre::cli {\n\nnamespace {\n\n")
string(REPLACE "," ";" names "${EMBED_NAMES}")
list(LENGTH names count)
string(APPEND text "constexpr std::array<WebAsset, ${count}> assets{{\n")
foreach(name IN LISTS names)
  string(REGEX REPLACE ".*\\." "" extension "${name}")
  if(NOT DEFINED types_${extension})
    message(FATAL_ERROR "${name}: no media type is known for it")
  endif()
  file(READ "${FOLDER}/${name}" content)
  # The longest literal that every compiler has to take.
  string(LENGTH "${content}" length)
  if(length GREATER 65000)
    message(FATAL_ERROR "${name} is too long for one literal: cut it in two")
  endif()
  string(APPEND text "    {\"${name}\", \"${types_${extension}}\", R\"gyre-asset(${content})gyre-asset\"},\n")
endforeach()
string(APPEND text "}};\n\n}  // namespace\n\nauto web_assets() -> std::span<const WebAsset> { return assets; }\n\n}  // namespace gyre::cli\n")
file(WRITE "${OUTPUT}" "${text}")
