// The demo site, a part of the command line tool, for its tests.
#include "../../../cli/demo_site.cpp"
