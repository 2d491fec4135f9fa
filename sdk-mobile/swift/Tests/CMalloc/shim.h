// What the C library has allocated, which Swift's own module of it does not show.
#include <malloc.h>
