# find_package(zbridge): to build a plugin for zbridge, outside its tree.
#
#   zbridge::plugin                 the headers zbridge_plugin.h, zbridge_plugin.hpp and zbridge_fake_host.hpp; nothing to link
#   zbridge_add_plugin(NAME FILE...) a plugin NAME.so of these sources: see zbridge_add_plugin.cmake
#   ZBRIDGE_PROGRAM                 the zbridge of the same installation
get_filename_component(_zbridge_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET zbridge::plugin)
    add_library(zbridge::plugin INTERFACE IMPORTED)
    set_target_properties(zbridge::plugin PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${_zbridge_prefix}/include")
endif()
set(ZBRIDGE_PROGRAM "${_zbridge_prefix}/bin/zbridge")
set(ZBRIDGE_PLUGIN_MAP "${CMAKE_CURRENT_LIST_DIR}/zbridge_plugin.map")
include("${CMAKE_CURRENT_LIST_DIR}/zbridge_add_plugin.cmake")
unset(_zbridge_prefix)
