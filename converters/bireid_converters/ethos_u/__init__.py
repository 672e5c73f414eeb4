"""Files for the Ethos-U of Arm, by Arm's compiler Vela."""
