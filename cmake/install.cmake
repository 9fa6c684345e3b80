# What `cmake --install build/release --prefix DIR` lays down:
#
#   bin/zbridge                                     (bridge/CMakeLists.txt)
#   share/zbridge/config, share/zbridge/examples     what config/ and examples/ hold
#   share/doc/zbridge                                README.md, LICENSE, docs/
#   share/man/man1, what shells complete by           (bridge/CMakeLists.txt)
#   lib/systemd/system/zbridge.service
#   include/, lib/cmake/zbridge, lib/pkgconfig        what a plugin, and a client in C++, is built with
#   lib/zbridge/plugins                              empty: where the bridge looks for plugins by name
include(GNUInstallDirs)

install(DIRECTORY config examples DESTINATION ${CMAKE_INSTALL_DATADIR}/zbridge USE_SOURCE_PERMISSIONS
        REGEX "/examples/CMakeLists.txt$" EXCLUDE
        PATTERN zbridge.service EXCLUDE
        PATTERN __pycache__ EXCLUDE
        PATTERN node_modules EXCLUDE
        PATTERN target EXCLUDE)
install(FILES config/zbridge.service DESTINATION lib/systemd/system)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})

# For authors of plugins. In lib/ on every system: `-DCMAKE_PREFIX_PATH=DIR` and the program's own search find it there.
include(CMakePackageConfigHelpers)
set(package ${PROJECT_SOURCE_DIR}/cmake/package)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/zbridgeConfigVersion.cmake COMPATIBILITY SameMajorVersion
                                 ARCH_INDEPENDENT)
configure_file(${package}/zbridge-plugin.pc.in ${PROJECT_BINARY_DIR}/zbridge-plugin.pc @ONLY)
install(FILES plugins/sdk/zbridge_plugin.h plugins/sdk/zbridge_plugin.hpp plugins/sdk/zbridge_fake_host.hpp
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${package}/zbridgeConfig.cmake ${PROJECT_BINARY_DIR}/zbridgeConfigVersion.cmake
              ${package}/zbridge_add_plugin.cmake ${package}/zbridge_plugin.map
        DESTINATION lib/cmake/zbridge)
install(FILES ${PROJECT_BINARY_DIR}/zbridge-plugin.pc DESTINATION lib/pkgconfig)
install(DIRECTORY DESTINATION lib/zbridge/plugins)
