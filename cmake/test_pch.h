// What nearly every test includes; see unittests/CMakeLists.txt.
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>
