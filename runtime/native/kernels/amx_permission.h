// Whether this process may use the tiles of AMX.
#ifndef BIREID_KERNELS_AMX_PERMISSION_H_
#define BIREID_KERNELS_AMX_PERMISSION_H_

namespace bireid {

// Asks the CPU, what the system has switched on in it, and the system, which must permit a process
// the 8 KB of tiles that a thread then has. The permission is asked for once and never given back;
// the system refuses it to a process with a signal stack too small for tiles.
bool MayUseAmx();

}  // namespace bireid

#endif  // BIREID_KERNELS_AMX_PERMISSION_H_
