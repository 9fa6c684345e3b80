// The core, whole: its class, its life, and what it makes of what it hears.
#pragma once

#include "core_class.hpp"
#include "core_hear.hpp"
#include "core_life.hpp"
