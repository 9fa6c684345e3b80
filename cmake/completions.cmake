# Has the program ZBRIDGE write its completions below the folder TO, where each shell looks for them.
foreach(where "bash;bash-completion/completions/zbridge" "zsh;zsh/site-functions/_zbridge"
              "fish;fish/vendor_completions.d/zbridge.fish")
    list(GET where 0 shell)
    list(GET where 1 file)
    get_filename_component(folder ${TO}/${file} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    execute_process(COMMAND ${ZBRIDGE} completion ${shell} OUTPUT_FILE ${TO}/${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
