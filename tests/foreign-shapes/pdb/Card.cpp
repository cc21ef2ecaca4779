/* SPDX-License-Identifier: MIT */
/* C++ as Microsoft's compiler has it: the names of these functions are in the PDB beside the driver, and nowhere else. */
extern "C" void KeStallExecutionProcessor(unsigned long Microseconds);

namespace Net
{
class Card
{
  public:
    void Send(int *Count);

  private:
    static void Wait(unsigned long Microseconds);
};
} // namespace Net

/* It ends in a jump: what is seen is the caller. */
__declspec(noinline) void Net::Card::Wait(unsigned long Microseconds)
{
    KeStallExecutionProcessor(Microseconds);
}

__declspec(noinline) void Net::Card::Send(int *Count)
{
    Wait(60); /* the line that pdb_tests.py expects */
    ++*Count;
}

extern "C" void CardSend(int *Count)
{
    Net::Card Card;

    Card.Send(Count);
}
