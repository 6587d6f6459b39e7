// The parts of the command line tool that are handlers of this server, for the tests here.
#include "../../../cli/demo_site.cpp"
#include "../../../cli/static_files.cpp"
