// The static files of the command line tool, for their tests.
#include "../../../cli/static_files.cpp"
