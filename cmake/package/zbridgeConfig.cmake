# find_package(zbridge): to build a plugin for zbridge, outside its tree; find_package(zbridge COMPONENTS client): or a client.
#
#   zbridge::client                 with that component: <zbridge/client.hpp> and its like, cppzmq, msgpack-c
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
if("client" IN_LIST zbridge_FIND_COMPONENTS AND NOT TARGET zbridge::client)
    include(CMakeFindDependencyMacro)
    find_dependency(cppzmq)
    find_dependency(Threads)
    find_path(ZBRIDGE_MSGPACK_INCLUDE_DIR msgpack.hpp)
    if(ZBRIDGE_MSGPACK_INCLUDE_DIR)
        add_library(zbridge::client INTERFACE IMPORTED)
        set_target_properties(zbridge::client PROPERTIES
                              INTERFACE_INCLUDE_DIRECTORIES "${_zbridge_prefix}/include;${ZBRIDGE_MSGPACK_INCLUDE_DIR}"
                              INTERFACE_COMPILE_FEATURES cxx_std_17
                              INTERFACE_LINK_LIBRARIES "cppzmq;Threads::Threads")
        set(zbridge_client_FOUND TRUE)
    else()
        set(zbridge_FOUND FALSE)
        set(zbridge_NOT_FOUND_MESSAGE "zbridge::client needs the headers of msgpack-c")
    endif()
endif()
unset(_zbridge_prefix)
